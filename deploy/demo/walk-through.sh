# The whole life of an incident, to be pasted line by line, or run at once while `make run` runs:
#   MUSTER=http://127.0.0.1:8080 CURL=data/curl.conf bash deploy/demo/walk-through.sh

# Detect: something is wrong. Whoever sees it opens an incident; everything below happens to it.
N=$(curl -K $CURL $MUSTER/v1/incidents --json '{"title": "Nobody can sign in", "components": [{"component": "auth", "impact": "major_outage"}]}' | grep -o '"number":[0-9]*' | head -n 1 | cut -d : -f 2); echo "INC-$N"
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/acknowledge
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance

# Assess: what, how bad, why? Asked too early, the answer says what is still missing and which call meets it.
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance
curl -K $CURL -X PATCH $MUSTER/v1/incidents/$N --json '{"severity": "sev1"}'
curl -K $CURL -X PUT $MUSTER/v1/incidents/$N/roles/commander --json '{"person": "Amara"}'
curl -K $CURL -X PUT $MUSTER/v1/incidents/$N/impacts/user-db --json '{"impact": "major_outage", "regions": ["eu-west"]}'
curl -K $CURL -X PUT $MUSTER/v1/incidents/$N/impacts/feed --json '{"impact": "partial_outage"}'
curl -K $CURL -X PUT $MUSTER/v1/incidents/$N/cause --json '{"category": "technical", "subcategory": "database_fault", "confidence": "suspected", "evidence": "the primary of user-db answers nothing since 03:12"}'
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance

# Mitigate: stop the harm.
curl -K $CURL $MUSTER/v1/incidents/$N/mitigations --json '{"description": "Fail over to the replica in us-east", "kind": "failover", "state": "running"}'
curl -K $CURL -X PATCH $MUSTER/v1/incidents/$N/mitigations/1 --json '{"state": "succeeded"}'
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance

# Restore: most critical first. The feed is refused as long as what it needs is down.
curl -K $CURL $MUSTER/v1/incidents/$N/restoration
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/restoration/feed/start
for C in user-db auth feed; do curl -K $CURL -X POST $MUSTER/v1/incidents/$N/restoration/$C/start; curl -K $CURL -X POST $MUSTER/v1/incidents/$N/restoration/$C/verify; done
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance

# Review: the facts are there already; people add what only they know, and the follow-up work.
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/review
curl -K $CURL -X PUT $MUSTER/v1/incidents/$N/review --json '{"status": "in_review", "sections": [{"id": "lessons", "title": "Lessons", "markdown": "The failover had never been rehearsed at night."}]}'
curl -K $CURL $MUSTER/v1/incidents/$N/actions --json '{"title": "Rehearse the failover of user-db every month", "kind": "preventive", "owner": "storage", "due": "'$(date -d '+14 days' +%F)'"}'
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/review/approve
curl -K $CURL -X POST $MUSTER/v1/incidents/$N/advance

# What is left of it: the document, also as .html and .json, and the facts it was made from.
curl -K $CURL $MUSTER/v1/incidents/$N/review.md
curl -K $CURL $MUSTER/v1/incidents/$N/timeline
