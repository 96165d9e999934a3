-- What comes in under a source's key beside alerts: settings of sources, bodies that nobody understood, changes, and what
-- Opsgenie's clients ask for afterwards.

ALTER TABLE source
    -- How the JSON of a generic source becomes alerts.
    ADD COLUMN mapping jsonb CHECK (jsonb_typeof(mapping) = 'object'),
    -- How its messages are signed; the secrets are sealed under a key that is derived from the source's own.
    ADD COLUMN signature jsonb CHECK (jsonb_typeof(signature) = 'object'),
    ADD COLUMN signature_secrets bytea,
    -- Where an administrator confirms that messages may come.
    ADD COLUMN confirmation_url text,
    ADD CHECK ((signature IS NULL) = (signature_secrets IS NULL));

CREATE TABLE dead_letter (
    id uuid PRIMARY KEY,
    source uuid NOT NULL REFERENCES source (id),
    -- By which entry it came, as /hooks or /v2/enqueue.
    entry text NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    occurrences bigint NOT NULL DEFAULT 1,
    headers jsonb NOT NULL CHECK (jsonb_typeof(headers) = 'object'),
    -- The first 64 KiB.
    body bytea NOT NULL,
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    body_bytes bigint NOT NULL,
    reason text NOT NULL,
    UNIQUE (source, entry, body_hash)
);
CREATE INDEX dead_letter_source ON dead_letter (source, last_at);
CREATE INDEX dead_letter_last ON dead_letter (last_at);

CREATE TABLE change_event (
    id uuid PRIMARY KEY,
    source uuid NOT NULL REFERENCES source (id),
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    summary text NOT NULL,
    origin text,
    component text,
    labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
    links text[] NOT NULL
);
CREATE INDEX change_event_at ON change_event (at, id);
CREATE INDEX change_event_component ON change_event (component, at);

-- What became of each request of Opsgenie's asynchronous API.
CREATE TABLE alert_request (
    id uuid PRIMARY KEY,
    source uuid NOT NULL REFERENCES source (id),
    action text NOT NULL,
    alert uuid,
    alias text,
    is_success boolean NOT NULL,
    status text NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alert_request_processed ON alert_request (processed_at);

CREATE TABLE alert_note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert uuid NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    author text NOT NULL,
    text text NOT NULL
);
CREATE INDEX alert_note_alert ON alert_note (alert, id);
