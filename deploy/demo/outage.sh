# The whole life of an incident, to be pasted line by line, or run at once while `make run` runs and after `muster login`:
#   bash deploy/demo/outage.sh

# Detect: open an incident; --use makes it the one that the next commands are about.
muster open "Nobody can sign in" -c auth=major_outage --use
muster ack
muster advance

# Assess: how bad, who leads, why. Asked to advance too early, Muster says what is missing and which commands supply it.
muster advance
muster set -s sev1
muster role commander Amara
muster cause technical --subcategory database_fault --confidence suspected
muster advance

# Mitigate: stop the harm.
muster mitigate "Fail over to the replica in us-east" --state running
muster mitigate 1 --state succeeded
muster advance

# Restore: look at the plan, bring the component back and have it watched.
muster restore
muster restore start auth
muster restore verify auth
muster advance

# Review: the document is written from the timeline already, but for what only people know (or in your editor: muster review edit).
muster review start
muster review write what_went_well "The replica was ready."
muster review write what_went_wrong "Nobody watched the disk."
muster review write lessons "Alert on full disks."
muster review approve
muster advance
muster review
