# A booted systemd over a copy-on-write view of this machine: sourced by system-test.sh.
#   guest_boot; guest COMMAND...; guest_end
# Nothing that happens in it reaches the machine: its files go to memory, its network is its own.

guest_directory=
guest_leader=

# Why it cannot be done here; nothing when it can.
guest_obstacle() {
    [ "$(id -u)" = 0 ] || { echo "only root can boot a guest"; return; }
    command -v systemd-nspawn >/dev/null || { echo "systemd-nspawn is not there (package systemd-container)"; return; }
    grep -q overlay /proc/filesystems || { echo "the kernel has no overlayfs"; return; }
    local probe
    probe=$(mktemp -d -p /dev/shm) || { echo "/dev/shm is not writable"; return; }
    mkdir "$probe/up" "$probe/work" "$probe/merged"
    if ! mount -t overlay overlay -o "lowerdir=/,upperdir=$probe/up,workdir=$probe/work" "$probe/merged" 2>/dev/null; then
        echo "an overlay of / cannot be mounted"
    else
        umount "$probe/merged"
    fi
    rm -rf "$probe"
}

guest_boot() {
    guest_directory=$(mktemp -d -p /dev/shm muster-system-test.XXXXXX)
    local merged=$guest_directory/merged unit
    mkdir "$guest_directory/up" "$guest_directory/work" "$merged"
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$guest_directory/up,workdir=$guest_directory/work" "$merged"
    echo muster-system-test >"$merged/etc/hostname"
    : >"$merged/etc/machine-id"
    rm -rf "$merged/var/log/journal" "$merged"/etc/systemd/system/*.wants/*
    mkdir -p "$merged/var/log/journal"
    # The image of a container forbids packages to start anything; a machine does not.
    rm -f "$merged/usr/sbin/policy-rc.d"
    # What the machine would start by itself is not part of the test.
    for unit in docker.service docker.socket containerd.service postgresql.service systemd-timesyncd.service \
        systemd-networkd.service systemd-resolved.service apt-daily.timer apt-daily-upgrade.timer getty.target \
        packagekit.service etcd.service redis-server.service prometheus.service; do
        ln -sf /dev/null "$merged/etc/systemd/system/$unit"
    done
    systemd-nspawn --directory="$merged" --capability=all --register=no --keep-unit --private-network --boot \
        --console=passive --kill-signal=SIGRTMIN+4 --link-journal=no >"$guest_directory/console" 2>&1 </dev/null &
    echo $! >"$guest_directory/nspawn"
    local try
    for try in $(seq 300); do
        guest_leader=$(pgrep -P "$(cat "$guest_directory/nspawn")" | head -n 1) || true
        if [ -n "$guest_leader" ]; then
            case $(guest systemctl is-system-running 2>/dev/null) in running | degraded) return ;; esac
        fi
        sleep 0.1
    done
    echo "the guest did not boot within 30 s (try $try):" >&2
    tail -n 20 "$guest_directory/console" >&2
    return 1
}

guest() {
    nsenter --target "$guest_leader" --all "$@"
}

guest_end() {
    [ -n "$guest_directory" ] || return 0
    local nspawn try
    nspawn=$(cat "$guest_directory/nspawn" 2>/dev/null) || nspawn=
    if [ -n "$nspawn" ]; then
        # Never SIGKILL first: the guest's systemd would stay behind.
        kill -TERM "$nspawn" 2>/dev/null || true
        for try in $(seq 200); do
            kill -0 "$nspawn" 2>/dev/null || break
            sleep 0.1
        done
        [ "$try" != 200 ] || kill -KILL "$nspawn" "$guest_leader" 2>/dev/null || true
    fi
    umount --lazy "$guest_directory/merged" 2>/dev/null || true
    rm -rf "$guest_directory"
    guest_directory=
}
