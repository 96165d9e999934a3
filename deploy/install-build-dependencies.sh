#!/bin/sh
# Installs what building, testing and running Muster needs beside the Swift toolchain, on Debian and its relatives.
#   deploy/install-build-dependencies.sh [bench|package|system|failover]
# The word adds what `make bench`, `deb`, `system-test` or `failover-drill` needs.
# Asks no questions, changes nothing that is already there, and is done in milliseconds when nothing is missing.
set -eu

missing=

# need PACKAGE TEST...: the package is missing when the test fails. Tests look for what the build uses and not for
# package names, so that a PostgreSQL from elsewhere is as good as Debian's.
need() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
program() { command -v "$1"; }
library() { command -v pkg-config && pkg-config --exists "$1"; }
postgresql_server() {
    command -v initdb && return
    for directory in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        [ -x "$directory/initdb" ] && return
    done
    return 1
}

need make program make
need git program git
need curl program curl
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need util-linux program setpriv
need pkg-config program pkg-config
need libpq-dev library libpq
need libssl-dev library libcrypto
need libmd4c-dev library md4c
need zlib1g-dev library zlib
need postgresql postgresql_server
need postgresql-client program psql
need weasyprint program weasyprint
case "${1:-}" in
bench)
    need wrk program wrk
    need python3 program python3
    need python3-venv python3 -c "import ensurepip, venv"
    need postgresql-client-common program pgbench
    ;;
package)
    need binutils program strip
    need dpkg-dev program dpkg-shlibdeps
    need lintian program lintian
    ;;
system)
    need binutils program strip
    need dpkg-dev program dpkg-shlibdeps
    need python3 program python3
    need systemd-container program systemd-nspawn
    ;;
failover)
    need iproute2 program ip
    need python3 program /usr/bin/python3
    need python3-venv /usr/bin/python3 -c "import ensurepip, venv"
    ;;
esac

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || {
        echo "Muster's build needs these Debian packages, or what they are called here:$missing" >&2
        exit 1
    }
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root="sudo -n"
        else
            echo "Please run this once, and then the same command again:" >&2
            echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
            exit 1
        fi
    fi
    echo "Installing:$missing"

    # Debian's package would create and start a cluster of the system's own, which nobody here needs. It stays away only
    # during this installation: the machine's settings are not ours.
    no_cluster=/etc/postgresql-common/createcluster.d/muster-build.conf
    case "$missing" in
    *" postgresql"*)
        $as_root mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = false" | $as_root tee "$no_cluster" >/dev/null
        trap '$as_root rm -f "$no_cluster"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        ;;
    esac
    $as_root apt-get -qq -o DPkg::Lock::Timeout=600 update
    # shellcheck disable=SC2086 # a list of packages
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
        install --no-install-recommends $missing >/dev/null
fi

command -v swift >/dev/null || {
    echo "No swift in PATH. Muster is built with Swift 6.2 or newer: https://www.swift.org/install/linux/" >&2
    exit 1
}
