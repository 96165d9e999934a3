#!/bin/bash
# The database fails over while the daemon is written to: Tests/Drills/failover.sh [PROGRAM]
# Three PostgreSQL under Patroni and etcd, each in a network of its own, in a network, a file system view and a process table
# that end with the drill. The last line is `lost 0 doubled 0`, or the drill fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$(realpath "${1:-.build/release/musterd}")
[ -x "$program" ] || { echo "failover-drill: there is no $program; make build makes it" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "failover-drill: networks of its own want root; nothing was tried" >&2; exit 1; }

# Where the account of PostgreSQL can read them, too.
tools=${MUSTER_DRILL_TOOLS:-/var/tmp/muster-drill-tools}
if [ ! -x "$tools/bin/patroni" ]; then
    echo "Installing Patroni into $tools"
    rm -rf "${tools:?}"
    /usr/bin/python3 -m venv "$tools"
    "$tools/bin/pip" --quiet --disable-pip-version-check install wheel setuptools
    "$tools/bin/pip" --quiet --disable-pip-version-check install 'patroni[etcd3]==4.1.5' 'psycopg[binary]>=3.2,<4'
fi

# Debian's package would start an etcd of the system's own, which nobody here needs.
if ! command -v etcd >/dev/null && [ ! -x "$tools/etcd/usr/bin/etcd" ]; then
    echo "Fetching etcd into $tools"
    (cd "$tools" && apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download etcd-server && dpkg -x etcd-server_*.deb etcd)
fi

# The shell is the first process there: it buries whatever is killed and orphaned.
exec unshare --net --mount --pid --fork --mount-proc --kill-child bash -c 'status=0; "$@" || status=$?; exit $status' drill \
    "$tools/bin/python" -B Tests/Drills/failover.py "$program" "$tools"
