# The whole life of an incident, to be pasted line by line, or run at once while `make run` runs:
#   MUSTER=http://127.0.0.1:8080 CURL=data/curl.conf bash deploy/demo/walk-through.sh

# Detect: open an incident; I is its address.
I=$MUSTER$(curl -K $CURL -o /dev/null -w '%header{location}' $MUSTER/v1/incidents --json '{"title": "Nobody can sign in", "components": [{"component": "auth", "impact": "major_outage"}]}')
curl -K $CURL -X POST $I/acknowledge $I/advance

# Assess: how bad, who leads, why. Asked to advance too early, Muster answers what is missing and which call supplies it.
curl -K $CURL -X POST $I/advance
curl -K $CURL -X PATCH $I --json '{"severity": "sev1"}'
curl -K $CURL -X PUT $I/roles/commander --json '{"person": "Amara"}'
curl -K $CURL -X PUT $I/cause --json '{"category": "technical", "subcategory": "database_fault", "confidence": "suspected"}'
curl -K $CURL -X POST $I/advance

# Mitigate: stop the harm.
curl -K $CURL $I/mitigations --json '{"description": "Fail over to the replica in us-east", "state": "running"}'
curl -K $CURL -X PATCH $I/mitigations/1 --json '{"state": "succeeded"}'

# Restore: bring the component back and have it watched.
curl -K $CURL -X POST $I/advance $I/restoration/auth/start $I/restoration/auth/verify $I/advance

# Review: the document is written from the timeline already, but for what only people know; write that, approve it and close.
curl -K $CURL -X POST $I/review
curl -K $CURL -X PUT $I/review --json '{"sections": [{"id": "what_went_well", "markdown": "The replica was ready."}, {"id": "what_went_wrong", "markdown": "Nobody watched the disk."}, {"id": "lessons", "markdown": "Alert on full disks."}]}'
curl -K $CURL -X POST $I/review/approve $I/advance
curl -K $CURL $I/review.md
