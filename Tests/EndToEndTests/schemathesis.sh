#!/bin/bash
# Asks a running daemon everything that docs/openapi.yaml allows, and much that it does not, and fails on any 5xx and on
# any answer that is not described.
#   Tests/EndToEndTests/schemathesis.sh [MUSTERD [SECONDS [SEED]]]
# MUSTERD is the built daemon, .build/release/musterd or else .build/debug/musterd; more SECONDS try more.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=4.32.5
musterd=${1:-}
for built in .build/release/musterd .build/debug/musterd; do
    [ -n "$musterd" ] || { [ -x "$built" ] && musterd=$built; }
done
[ -x "$musterd" ] || { echo "There is no daemon; build it first: swift build --product musterd" >&2; exit 1; }
seconds=${2:-90}
seed=${3:-1}

# The tool, in a place of its own that `make clean` removes.
tools=.build/tools/schemathesis-$version
if [ ! -x "$tools/bin/st" ]; then
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" --quiet --disable-pip-version-check install "schemathesis==$version"
fi

# The daemon, with a PostgreSQL of its own, on a port of its own.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/muster-schemathesis.XXXXXX")
chmod 711 "$scratch" # PostgreSQL runs as another user when we are root.
daemon=
clean_up() {
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

token=schemathesis-$RANDOM$RANDOM
MUSTER_HTTP_LISTEN=127.0.0.1:0 MUSTER_DATA_DIRECTORY=$scratch/data MUSTER_AUTH_BOOTSTRAP_TOKEN=$token MUSTER_LOG_FORMAT=json \
    "$musterd" serve 2>"$scratch/log" &
daemon=$!
address=
for _ in $(seq 300); do
    address=$(sed -n 's/.*"message":"listening".*/&/p' "$scratch/log" | grep -o '127\.0\.0\.1:[0-9]*' | head -n 1 || true)
    [ -n "$address" ] && break
    kill -0 "$daemon" 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
    sleep 0.1
done
[ -n "$address" ] || { echo "The daemon does not listen:" >&2; cat "$scratch/log" >&2; exit 1; }
url=http://$address

# Something to ask about: eight incidents, up to each phase. schemathesis.toml names them.
ask() { # METHOD PATH [BODY]
    curl --fail-with-body -sS -o "$scratch/answer" -X "$1" -H "Authorization: Bearer $token" ${3:+--json "$3"} "$url$2" ||
        { cat "$scratch/answer" >&2; exit 1; }
}
ask PUT /v1/components "$(cat deploy/demo/catalog.json)"
for number in 1 2 3 4 5 6 7 8; do
    # They began long ago, so that nearly every past time is one at which something can have happened.
    ask POST /v1/incidents '{"title": "An outage", "started_at": "1970-01-01T00:00:00Z",
        "components": [{"component": "auth", "impact": "major_outage"}]}'
    path=/v1/incidents/$number
    for thing in notes tasks; do ask POST "$path/$thing" '{"text": "Call the vendor"}'; done
    ask POST "$path/mitigations" '{"description": "Fail over"}'
    ask POST "$path/actions" '{"title": "Rehearse", "kind": "preventive"}'
    for ((phase = 1; phase < number && phase < 6; phase++)); do
        ask POST "$path/advance" '{"override": true, "reason": "for the test"}'
    done
done
ask POST /v1/sources '{"name": "test", "kind": "alertmanager"}'
key=$(grep -o '"key":"[^"]*"' "$scratch/answer" | cut -d '"' -f 4)
ask POST "/hooks/$key" '{"alerts": [{"status": "firing", "fingerprint": "a", "labels": {"component": "auth"}}]}'
ask GET /v1/alerts
alert=$(grep -o '"id":"[^"]*"' "$scratch/answer" | head -n 1 | cut -d '"' -f 4)
sed "s/TOKEN/$token/; s/HOOK_KEY/$key/; s/ALERT_ID/$alert/" Tests/EndToEndTests/schemathesis.toml >"$scratch/schemathesis.toml"

status=0
export PYTHONPATH=Tests/EndToEndTests PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks
"$tools/bin/st" --no-color --config-file "$scratch/schemathesis.toml" run docs/openapi.yaml --url "$url" \
    --phases examples,coverage,fuzzing --max-time "$seconds" --seed "$seed" \
    --generation-database none --checks all --continue-on-failure --request-timeout 10 --max-response-time 5 ||
    status=$?

# A fault is logged once, where it happens.
if grep -q '"level":"error"' "$scratch/log"; then
    echo "The daemon logged faults:" >&2
    grep '"level":"error"' "$scratch/log" | head -n 20 >&2
    status=1
fi
kill -0 "$daemon" 2>/dev/null || { echo "The daemon died:" >&2; tail -n 20 "$scratch/log" >&2; status=1; }
exit "$status"
