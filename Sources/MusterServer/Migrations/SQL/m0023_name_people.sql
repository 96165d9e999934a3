-- A token may be a person's, whose roles in an incident count; an entry names who acted, and the token behind it where that has another
-- name.
ALTER TABLE access_token ADD person text CHECK (person <> '');
ALTER TABLE timeline_entry ADD actor_token text;

-- As before, and the token's name stays, too.
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
            AND NEW.actor_token IS NOT DISTINCT FROM OLD.actor_token
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the timeline is only ever appended to' USING ERRCODE = 'restrict_violation';
END
$$;
