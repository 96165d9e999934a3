-- The catalog, the incidents and their timelines.

-- One row a component; `depends_on` is a list of {component, kind}. The catalog is small and always read whole.
CREATE TABLE component (
    slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- One row, always: its version tells every daemon whether the catalog that it holds in memory is still the one stored.
CREATE TABLE catalog (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
INSERT INTO catalog DEFAULT VALUES;

CREATE SEQUENCE incident_number AS bigint;

-- What the timeline adds up to. `state` is what commands load, `representation` what GET answers.
CREATE TABLE incident (
    number bigint PRIMARY KEY CHECK (number > 0),
    version bigint NOT NULL CHECK (version > 0),
    phase text NOT NULL CHECK (
        phase IN ('detect', 'assess', 'mitigate', 'restore', 'review', 'closed', 'dismissed', 'merged')
    ),
    severity text CHECK (severity IN ('sev1', 'sev2', 'sev3', 'sev4')),
    cause text CHECK (cause IN ('technical', 'maintenance', 'attack', 'connectivity', 'unknown')),
    title text NOT NULL CHECK (title <> ''),
    summary text,
    labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
    components text[] NOT NULL,
    opened_at timestamptz NOT NULL,
    next_deadline_at timestamptz,
    last_hash bytea NOT NULL CHECK (octet_length(last_hash) = 32),
    -- What the newest timeline entry has as transaction_id.
    last_transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    state json NOT NULL,
    representation text NOT NULL,
    -- Which form the representation has, and under which policy it was computed.
    policy text NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160);

CREATE INDEX incident_phase ON incident (phase, number DESC);
CREATE INDEX incident_opened ON incident (opened_at);
CREATE INDEX incident_components ON incident USING gin (components);
CREATE INDEX incident_labels ON incident USING gin (labels jsonb_path_ops);
CREATE INDEX incident_words ON incident
USING gin (to_tsvector('simple', title || ' ' || coalesce(summary, '')));
CREATE INDEX incident_deadline ON incident (next_deadline_at) WHERE next_deadline_at IS NOT NULL;

-- Every change of every incident. Rows are only ever appended; the trigger below lets nothing else pass but a redaction.
CREATE TABLE timeline_entry (
    incident bigint NOT NULL REFERENCES incident (number),
    sequence bigint NOT NULL CHECK (sequence > 0),
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- Together with position the committed order: readers stop below the oldest running transaction. Never less than the
    -- one of the entry before, so that it also is the order within an incident: a transaction that got its id early and
    -- then waited for the incident's row writes after a younger one.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- The command that it came from, so that a repeated command is recognised.
    command_id uuid NOT NULL,
    kind text NOT NULL,
    kind_version smallint NOT NULL CHECK (kind_version > 0),
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    actor_role text NOT NULL CHECK (actor_role IN ('viewer', 'responder', 'commander', 'admin')),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    payload json NOT NULL,
    salt bytea CHECK (octet_length(salt) = 16),
    payload_digest bytea NOT NULL CHECK (octet_length(payload_digest) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    redacted_at timestamptz,
    PRIMARY KEY (incident, sequence),
    CHECK ((salt IS NULL) = (redacted_at IS NOT NULL))
);

CREATE UNIQUE INDEX timeline_entry_feed ON timeline_entry (transaction_id, position);
CREATE INDEX timeline_entry_command ON timeline_entry (command_id);
-- A command opens one incident, also when it is sent again while its first attempt still runs.
CREATE UNIQUE INDEX timeline_entry_opening ON timeline_entry (command_id) WHERE sequence = 1;

CREATE FUNCTION timeline_entry_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL AND NEW.salt IS NULL
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

CREATE TRIGGER timeline_entry_append_only
BEFORE UPDATE OR DELETE ON timeline_entry
FOR EACH ROW EXECUTE FUNCTION timeline_entry_refuse_rewriting();

CREATE TRIGGER timeline_entry_keep_all
BEFORE TRUNCATE ON timeline_entry
FOR EACH STATEMENT EXECUTE FUNCTION timeline_entry_refuse_rewriting();
