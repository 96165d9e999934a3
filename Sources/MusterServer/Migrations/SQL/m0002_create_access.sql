-- Who may call the API, what was asked under an Idempotency-Key, and who changed the configuration.

CREATE TABLE access_token (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    role text NOT NULL CHECK (role IN ('viewer', 'responder', 'commander', 'admin')),
    -- SHA-256 of the token; the token itself is stored nowhere.
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    revoked_at timestamptz,
    -- To the hour.
    last_used_at timestamptz
);

CREATE INDEX access_token_created ON access_token (created_at DESC, id DESC);

CREATE TABLE idempotency (
    -- SHA-256 of principal, method, path and key.
    scope bytea PRIMARY KEY CHECK (octet_length(scope) = 32),
    -- HMAC of the body under a key derived from the caller's token.
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    -- The same through every attempt, so that a change that was committed is recognised.
    command_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    claimed_until timestamptz,
    -- AES-256-GCM under a key derived from the caller's token: answers may hold secrets.
    answer bytea,
    expires_at timestamptz NOT NULL,
    CHECK ((answer IS NULL) = (claimed_until IS NOT NULL))
);

CREATE INDEX idempotency_expires ON idempotency (expires_at);

CREATE TABLE audit_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_id text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object')
);

CREATE INDEX audit_line_subject ON audit_line (subject, id);
