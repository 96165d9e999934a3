-- What alerts carry beyond firing and resolved: what was sent, who looks, when they end by themselves, and why no incident
-- has them.

ALTER TABLE alert
    -- What the sender sent first, cut to 16 KiB.
    ADD COLUMN payload bytea,
    ADD COLUMN acknowledged_by text,
    -- Over by itself then, unless it is said again.
    ADD COLUMN expires_at timestamptz,
    -- How often the identity began again soon after it had ended, up to this firing.
    ADD COLUMN flaps smallint NOT NULL DEFAULT 0,
    -- While it flaps, an end counts only when it lasts: since when it has been quiet.
    ADD COLUMN quiet_since timestamptz,
    -- The routing rule that took it.
    ADD COLUMN rule uuid,
    -- Why it opens no incident, and until when that holds; NULL when nothing keeps it.
    ADD COLUMN held text CHECK (held IN ('rule', 'count', 'hours', 'silence', 'corroboration')),
    ADD COLUMN held_until timestamptz;

CREATE INDEX alert_expires ON alert (expires_at) WHERE expires_at IS NOT NULL AND status <> 'resolved';
CREATE INDEX alert_held ON alert (held_until) WHERE held IS NOT NULL AND status <> 'resolved';

-- An incident hears of an acknowledgement, too.
ALTER TABLE alert_delivery ADD COLUMN acknowledged boolean NOT NULL DEFAULT false;

-- Every filter of the list of alerts has an index, at any number of alerts.

-- Labels of the open ones are found among these alone, however many are over.
CREATE INDEX alert_labels_open ON alert USING gin (labels jsonb_path_ops) WHERE resolved_at IS NULL;
CREATE INDEX alert_labels_over ON alert USING gin (labels jsonb_path_ops) WHERE resolved_at IS NOT NULL;
-- What is open and what is over stand apart, or the few of the one would be looked for among the many of the other.
CREATE INDEX alert_component ON alert (component, (resolved_at IS NULL), id);
-- These two are in a form of their own, so that the statement that takes alerts in cannot fall for them in place of its
-- lookups by identity.
CREATE INDEX alert_source ON alert (uuid_send(source), (resolved_at IS NULL), id);
-- The open ones, among any number that are over.
CREATE INDEX alert_list ON alert (id) WHERE resolved_at IS NULL;
