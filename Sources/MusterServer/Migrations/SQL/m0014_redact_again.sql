-- An entry that quotes others can be redacted more than once, each time later than before: a revision of a review first of one note
-- and then of another. Everything else about an entry still stays as it is, for ever.
CREATE OR REPLACE FUNCTION timeline_entry_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.redacted_at IS NOT NULL AND NEW.salt IS NULL
            AND (OLD.redacted_at IS NULL OR NEW.redacted_at > OLD.redacted_at)
            AND (NEW.incident, NEW.sequence, NEW.position, NEW.transaction_id, NEW.command_id, NEW.kind,
                NEW.kind_version, NEW.actor_id, NEW.actor_name, NEW.actor_role, NEW.occurred_at, NEW.recorded_at,
                NEW.payload_digest, NEW.hash)
            = (OLD.incident, OLD.sequence, OLD.position, OLD.transaction_id, OLD.command_id, OLD.kind,
                OLD.kind_version, OLD.actor_id, OLD.actor_name, OLD.actor_role, OLD.occurred_at, OLD.recorded_at,
                OLD.payload_digest, OLD.hash)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the timeline is only ever appended to' USING ERRCODE = 'restrict_violation';
END
$$;

-- Bytes of the payloads in its timeline, since this is counted: what people may add ends at some size.
ALTER TABLE incident ADD COLUMN timeline_bytes bigint NOT NULL DEFAULT 0;
