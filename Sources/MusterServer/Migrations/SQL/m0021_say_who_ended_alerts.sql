-- What people do with alerts: who ended one, whether its sender goes on to say that it fires, and which ones people took out of their
-- incidents.
ALTER TABLE alert
    -- Who ended it by hand; NULL when its sender, a group or time did.
    ADD COLUMN resolved_by text,
    -- When its sender last said that the firing goes on which somebody ended by hand; NULL once the sender says that it is over.
    ADD COLUMN still_said_at timestamptz;

-- One more reason for waiting: a person said that it belongs to no incident. The rows that are there need no second look.
ALTER TABLE alert DROP CONSTRAINT alert_held_check;
ALTER TABLE alert ADD CONSTRAINT alert_held_check
    CHECK (held IN ('rule', 'count', 'hours', 'silence', 'corroboration', 'settling', 'maintenance', 'person')) NOT VALID;

-- Incidents that are over while alerts of theirs fire: there are few of them, and they say which alerts nobody looks after.
CREATE INDEX incident_left_firing ON incident (number)
    WHERE phase IN ('closed', 'dismissed') AND (state ->> 'firing') <> '{}';
-- Incidents that closed themselves, for counting.
CREATE INDEX incident_self_recovered ON incident (opened_at)
    WHERE phase = 'closed' AND (state ->> 'recovery') IS NOT NULL;
