-- What the intake does not act on is visible on the alert, and an end is known again when it is said twice.

ALTER TABLE alert
    -- What its sender said of the end, by the sender's clock: a later end of the same identity that says no more than this is the
    -- same one once more, and not that of the next firing.
    ADD COLUMN said_end_at timestamptz,
    -- How many messages about it changed nothing since they came too late, why the last one did, and when.
    ADD COLUMN ignored bigint,
    ADD COLUMN ignored_reason text,
    ADD COLUMN ignored_at timestamptz;

-- One more reason for waiting: it has not fired for long enough (alert.settle_seconds).
ALTER TABLE alert DROP CONSTRAINT alert_held_check;
ALTER TABLE alert ADD CONSTRAINT alert_held_check
    CHECK (held IN ('rule', 'count', 'hours', 'silence', 'corroboration', 'settling')) NOT VALID;
