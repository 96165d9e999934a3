-- Rules that say where alerts belong and whether they open incidents, and silences.

-- One row, always: its version tells every daemon whether the rules and silences that it holds in memory are still these.
CREATE TABLE routing (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
INSERT INTO routing DEFAULT VALUES;

CREATE TABLE routing_rule (
    id uuid PRIMARY KEY,
    -- From 1, without gaps; checked when the transaction ends, so that rules can change places.
    position bigint NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED CHECK (position > 0),
    name text NOT NULL CHECK (name <> ''),
    -- What was written: matchers, then, stop.
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);

-- A mandatory end, at most 30 days away, and a reason: a silence that nobody remembers is an outage that nobody sees.
CREATE TABLE silence (
    id uuid PRIMARY KEY,
    matchers jsonb NOT NULL CHECK (jsonb_typeof(matchers) = 'array' AND matchers <> '[]'),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at >= starts_at),
    comment text NOT NULL CHECK (comment <> ''),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The inbound key by which it was made, when it was by one.
    source uuid REFERENCES source (id),
    CHECK (ends_at <= starts_at + interval '30 days')
);
CREATE INDEX silence_end ON silence (ends_at);

ALTER TABLE alert
    -- The silence that holds it.
    ADD COLUMN silence uuid,
    -- What its sender calls its group, when a rule groups it otherwise: the sender may say that all of that is over.
    ADD COLUMN sent_group text;

CREATE INDEX alert_silenced ON alert (silence) WHERE silence IS NOT NULL AND status <> 'resolved';
-- What waits with a group until something opens an incident for it.
CREATE INDEX alert_waiting ON alert (source, group_key, first_seen_at) WHERE held IS NOT NULL;
