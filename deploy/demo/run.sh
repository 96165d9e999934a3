#!/bin/bash
# `make run`: the daemon with a PostgreSQL of its own and a demonstration catalog. Ctrl-C stops both; the data stays in
# ./data, and the next run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/../.."

# ./data; except when root runs this below a directory that is closed to the user postgres, as whom the server then runs.
default_data_directory() {
    if [ "$(id -u)" != 0 ] || setpriv --reuid postgres --regid postgres --clear-groups test -x "$PWD"; then
        echo "$PWD/data"
    else
        echo /var/tmp/muster-demonstration
    fi
}

export MUSTER_DATA_DIRECTORY=${MUSTER_DATA_DIRECTORY:-$(default_data_directory)}
export MUSTER_HTTP_LISTEN=${MUSTER_HTTP_LISTEN:-127.0.0.1:8080}
export MUSTER_LOG_FORMAT=${MUSTER_LOG_FORMAT:-text}
# The listener of the README is on this machine.
export MUSTER_NOTIFICATIONS_ALLOWED_NETWORKS=${MUSTER_NOTIFICATIONS_ALLOWED_NETWORKS:-127.0.0.0/8}
address=http://$MUSTER_HTTP_LISTEN
host=${MUSTER_HTTP_LISTEN%:*} port=${MUSTER_HTTP_LISTEN##*:}

if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
    echo "Something listens on $MUSTER_HTTP_LISTEN already, perhaps another \`make run\`. Stop it, or choose another" >&2
    echo "address: MUSTER_HTTP_LISTEN=127.0.0.1:8081 make run" >&2
    exit 1
fi

# Ends without a word when the daemon does.
wait_until_ready() {
    until curl -fs -o /dev/null --max-time 2 "$address/readyz"; do
        kill -0 $$ 2>/dev/null || exit 0
        sleep 0.1
    done
}

load_catalog() {
    curl -f -K "$curl" "$address/v1/components?limit=1" | grep -q '"slug"' && return
    curl -f -K "$curl" -w '' -o /dev/null -X PUT "$address/v1/components" --json @deploy/demo/catalog.json
}

# What curl needs for every call; in a file of its own, so that the token shows in no list of processes.
write_curl_configuration() {
    (umask 077 && printf '%s\n' silent show-error 'write-out = "\n"' "header = \"Authorization: Bearer $1\"" >"$curl")
}

explain() {
    local from=''
    [ -n "${MUSTER_AUTH_BOOTSTRAP_TOKEN-}" ] || from=" <$MUSTER_DATA_DIRECTORY/admin-token"
    cat <<EOF

Muster is ready at $address. Ctrl-C stops it; the data stays in $MUSTER_DATA_DIRECTORY.
The administrator's token: $1
In a browser, paste it at that address.

The whole life of an incident, to be pasted into another terminal:

export PATH=$PWD/.build/release:\$PATH
muster login $address$from
EOF
    tail -n +3 deploy/demo/outage.sh
    cat <<EOF

The same with curl, line by line in README, or at once:

export MUSTER=$address CURL=$curl
bash deploy/demo/walk-through.sh

EOF
}

introduce() {
    wait_until_ready
    curl=$MUSTER_DATA_DIRECTORY/curl.conf
    token=${MUSTER_AUTH_BOOTSTRAP_TOKEN:-$(cat "$MUSTER_DATA_DIRECTORY/admin-token")}
    write_curl_configuration "$token"
    load_catalog || echo "The demonstration catalog could not be loaded; the daemon runs without it." >&2
    explain "$token"
}

# The daemon takes this process over, so that signals and the exit status are its own; the introduction comes from beside.
(introduce &)
exec "${MUSTERD:-.build/release/musterd}" serve
