#!/bin/bash
# The package on a real systemd, from installing to purging: Tests/System/system-test.sh PROGRAM
# Prints a line for each step and `system-test: ok` at the end. Where a guest cannot be booted it says so and ends well.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
program=$(realpath "$1")
. "$here/guest.sh"

url=http://127.0.0.1:8080
token=the-token-of-the-system-test
began=$SECONDS
work=

step() { printf '%4d s  %s\n' $((SECONDS - began)) "$*"; }
fail() {
    echo "system-test: FAILED: $*" >&2
    if [ -n "$guest_leader" ]; then
        guest systemctl status musterd.service musterd.socket --no-pager --lines=0 >&2 || true
        guest journalctl -u musterd.service -u musterd.socket --no-pager -n 40 -o short-monotonic >&2 || true
    fi
    exit 1
}
end() {
    # A guest with clients of ours in it takes long to end.
    [ -z "$guest_leader" ] || guest touch /test/stop 2>/dev/null || true
    guest_end
    [ -z "$work" ] || rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# until_true SECONDS WHAT COMMAND...
until_true() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $limit ] || fail "$what did not come true"
        sleep 0.1
    done
}
# Reads to the end, unlike grep -q: who writes into a closed pipe fails.
has() { grep "$@" >/dev/null; }
property() { guest systemctl show musterd.service --property="$1" --value; }
is() { [ "$(property "$1")" = "$2" ] || fail "$1 is $(property "$1"), not $2"; }
journal_has() { guest journalctl -u musterd.service --no-pager -o cat | has -F -- "$1"; }
status_has() { property StatusText | has -F -- "$1"; }
ask() { guest curl -sS --fail-with-body -H "Authorization: Bearer $token" "$@"; }
restarts() { [ "$(property NRestarts)" -gt "$1" ]; }
serves() { guest curl -sf -m 5 "$url/readyz"; }
is_gone() { ! guest test -e "$1"; }

obstacle=$(guest_obstacle)
if [ -n "$obstacle" ]; then
    echo "system-test: skipped: $obstacle"
    exit 0
fi

work=$(mktemp -d)
# Only one look at it is taken, so it need not be small.
export DEB_COMPRESSION=gzip
version=$("$program" version | sed 's/^musterd //')
package=$("$source/deploy/package/build-deb.sh" "$program" "$work")
newer=$(DEB_VERSION="$version+newer1" "$source/deploy/package/build-deb.sh" "$program" "$work")
step "two packages: $(basename "$package") and $(basename "$newer")"

guest_boot
mkdir "$guest_directory/merged/test"
cp "$package" "$newer" "$here/load.py" "$source/deploy/demo/catalog.json" "$source/deploy/demo/walk-through.sh" \
    "$guest_directory/merged/test/"
step "the guest is up: $(guest systemctl --version | head -n 1)"

guest dpkg --install "/test/$(basename "$package")" >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "installing"; }
guest id musterd >/dev/null || fail "there is no user musterd"
is ActiveState inactive
[ "$(guest systemctl is-enabled musterd.socket)" = disabled ] || fail "the first installation enabled something"
guest test -f /usr/share/man/man8/musterd.8.gz || fail "no man page"
guest test -f /usr/share/man/man1/muster.1.gz || fail "no man page of the command line"
[ "$(guest stat -c '%a %U' /etc/musterd/credentials)" = "700 root" ] || fail "others can read the secrets"
for program_there in musterd muster; do
    guest ldd /usr/bin/$program_there | has -i swift && fail "$program_there needs a Swift runtime"
done
guest muster --version | has '^muster ' || fail "the command line does not run"
step "installed: the user is there, and nothing was started"

guest systemd-analyze verify musterd.service musterd.socket >"$work/verify" 2>&1 || true
[ ! -s "$work/verify" ] || { cat "$work/verify" >&2; fail "systemd-analyze verify"; }
guest systemd-analyze security --no-pager --threshold=11 musterd.service >"$work/security" || {
    tail -n 1 "$work/security" >&2
    fail "systemd-analyze security"
}
step "systemd-analyze: verify is clean;$(tail -n 1 "$work/security" | sed 's/[^ -~]//g')"

guest sed -i 's/#level: info/level: loud/' /etc/musterd/musterd.yaml
guest systemctl start musterd.service 2>/dev/null && fail "it started with a wrong configuration"
is ExecMainStatus 78
guest systemctl stop musterd.socket
guest systemctl reset-failed 2>/dev/null || true
guest sed -i 's/level: loud/#level: info/' /etc/musterd/musterd.yaml
step "a wrong configuration stops the start, once"

guest sh -c "printf '%s\n' $token >/etc/musterd/credentials/auth.bootstrap_token"
guest mkdir -p /etc/systemd/system/musterd.service.d
guest sh -c 'printf "[Service]\nWatchdogSec=4\n" >/etc/systemd/system/musterd.service.d/test.conf'
guest systemctl daemon-reload
guest systemctl enable --now musterd.socket musterd.service 2>/dev/null || fail "it does not start"
is ActiveState active
until_true 15 "a status line" status_has "0 open incidents"
serves >/dev/null || fail "it does not serve"
step "started: $(property StatusText)"

[ "$(guest journalctl -u musterd.service -o json --no-pager | grep -c '"PRIORITY":"5"')" -gt 0 ] \
    || fail "no line of the journal has its priority"
guest journalctl -u musterd.service -o cat --no-pager | has '"ts"' && fail "the journal's lines have times of their own"
step "the journal has priorities, and each time once"

ask -X PUT "$url/v1/components" --json @/test/catalog.json >/dev/null || fail "the catalog"
guest sh -c "printf 'silent\nshow-error\nheader = \"Authorization: Bearer $token\"\n' >/test/curl.conf"
guest env MUSTER=$url CURL=/test/curl.conf bash /test/walk-through.sh >"$work/life" 2>&1 || true
ask "$url/v1/incidents/1" | has '"phase":"closed"' || { tail -n 5 "$work/life" >&2; fail "the incident is not closed"; }
number=$(ask "$url/v1/incidents" --json '{"title": "While we restart"}' | grep -o '"number":[0-9]*' | head -n 1 | cut -d : -f 2)
until_true 15 "the open incident in the status line" status_has "1 open incident"
step "an incident went through all phases; INC-$number is open"

guest sed -i 's/  #require_if_match: false/  require_if_match: true/' /etc/musterd/musterd.yaml
guest systemctl reload musterd.service || fail "reload"
[ "$(guest curl -s -o /dev/null -w '%{http_code}' -X POST -H "Authorization: Bearer $token" \
    "$url/v1/incidents/$number/acknowledge")" = 428 ] || fail "the new configuration does not hold"
guest sed -i 's/  require_if_match: true/  require_if_match: perhaps/' /etc/musterd/musterd.yaml
guest systemctl reload musterd.service || fail "reload of a wrong configuration"
status_has "refused" || fail "the status line does not tell of the refusal"
journal_has "http.require_if_match" || fail "the log does not name the key"
serves >/dev/null || fail "it does not serve after a refused reload"
guest sed -i 's/  require_if_match: perhaps/  #require_if_match: false/' /etc/musterd/musterd.yaml
guest systemctl reload musterd.service
status_has "refused" && fail "the status line still tells of the refusal"
step "reloaded: a right configuration is taken whole, a wrong one not at all"

pid=$(property MainPID)
guest python3 /test/load.py 127.0.0.1:8080 $token "$number" /test/stop >"$work/load" 2>&1 &
load=$!
sleep 3
guest dpkg --install "/test/$(basename "$newer")" >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "upgrading"; }
[ "$(property MainPID)" != "$pid" ] || { cat "$work/dpkg" >&2; fail "the upgrade did not restart the daemon"; }
sleep 2
for _ in 1 2 3; do
    guest systemctl restart musterd.service || fail "restart"
    sleep 2
done
guest systemctl reload musterd.service
sleep 1
guest touch /test/stop
wait $load || { cat "$work/load" >&2; fail "requests failed during an upgrade, restarts and a reload"; }
writes=$(sed 's/.*"writes": \([0-9]*\).*/\1/' "$work/load")
step "upgraded and restarted under load: $(cat "$work/load")"
notes=$(guest curl -s -H "Authorization: Bearer $token" "$url/v1/incidents/$number" | grep -o '"version":[0-9]*' | head -n 1 | cut -d : -f 2)
[ "$notes" -ge "$writes" ] || fail "$writes notes were acknowledged, and the incident has version $notes"

before=$(property NRestarts)
guest kill -STOP "$(property MainPID)"
until_true 60 "a restart by the watchdog" restarts "$before"
until_true 30 "serving again" serves
guest journalctl -u musterd.service --no-pager | has "Watchdog timeout" || fail "it was not the watchdog"
ask "$url/v1/incidents/$number" >/dev/null || fail "the incident is gone"
step "hung, killed by the watchdog, and back"

guest dpkg --remove musterd >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "removing"; }
guest pgrep -x musterd >/dev/null && fail "it runs after its removal"
guest test -f /etc/musterd/musterd.yaml || fail "removing forgot the configuration"
guest test -d /var/lib/musterd/postgresql || fail "removing forgot the data"
guest dpkg --install "/test/$(basename "$newer")" >"$work/dpkg" 2>&1 || fail "installing again"
guest systemctl enable --now musterd.socket musterd.service 2>/dev/null || fail "it does not start again"
ask "$url/v1/incidents/$number" >/dev/null || fail "the data did not survive the removal"
step "removed and installed again: configuration and data are as they were"

guest dpkg --purge musterd >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "purging"; }
for path in /etc/musterd /var/lib/musterd /usr/bin/musterd /lib/systemd/system/musterd.service; do
    is_gone "$path" || fail "purging left $path"
done
step "purged"
echo "system-test: ok"
