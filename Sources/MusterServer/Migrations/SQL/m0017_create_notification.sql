-- Who hears of what happens, by which channel. Everything in it is configuration; the secrets are sealed.
CREATE TABLE endpoint (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    format text NOT NULL,
    -- Filters, options and the names of headers, as EndpointSettings has them.
    settings json NOT NULL,
    -- The URL, the signing secrets, the values of headers and tokens, each sealed for this endpoint.
    secrets json NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    -- Why it was disabled by itself; NULL while it was not.
    disabled_reason text,
    -- Since when every attempt failed; NULL after a success.
    failing_since timestamptz,
    -- No attempt before: the receiver asked for it.
    paused_until timestamptz NOT NULL DEFAULT '-infinity',
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);

-- What there is to tell, once for all who hear it.
CREATE TABLE notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What it tells of, so that it is told once: event/INCIDENT-SEQUENCE, maintenance/ID/..., test/ID.
    key text NOT NULL UNIQUE,
    kind text NOT NULL,
    incident bigint,
    body json NOT NULL,
    -- The only endpoints that hear it; NULL asks the filters of all.
    endpoints uuid[],
    -- Whether its notifications were made.
    fanned_out boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notice_new ON notice (id) WHERE NOT fanned_out;
CREATE INDEX notice_incident ON notice (incident, id) WHERE incident IS NOT NULL;
CREATE INDEX notice_age ON notice (created_at);

-- The outbox: one notice for one endpoint.
CREATE TABLE notification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    endpoint uuid NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    -- Of one lane, the notifications are sent one after the other: an incident's.
    lane text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    -- Attempts ever, and those of this round: a replay begins a new one.
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    reason text,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (notice, endpoint)
);
CREATE INDEX notification_pending ON notification (endpoint, lane, id) WHERE state = 'pending';
CREATE INDEX notification_list ON notification (endpoint, id);

-- The notifications of one incident at one endpoint that wait. Whoever claims the row sends the oldest of them.
CREATE TABLE notification_lane (
    endpoint uuid NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    lane text NOT NULL,
    next_at timestamptz NOT NULL DEFAULT now(),
    -- Who sends at the moment; the claim is over at next_at.
    claim uuid,
    PRIMARY KEY (endpoint, lane)
);
CREATE INDEX notification_lane_due ON notification_lane (endpoint, next_at);

CREATE TABLE notification_attempt (
    notification bigint NOT NULL REFERENCES notification ON DELETE CASCADE,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    -- The status of the answer; NULL when there was none.
    status integer,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'retry', 'failed', 'disabled')),
    -- What happened, in words, and the beginning of the answer.
    detail text,
    answer text,
    PRIMARY KEY (notification, attempt)
);

-- What a channel calls the message of an incident, so that later ones answer or edit it.
CREATE TABLE notification_thread (
    endpoint uuid NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    lane text NOT NULL,
    reference text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint, lane)
);

-- How far the timelines were read for notices. What happened before this release is told to nobody.
CREATE TABLE notification_cursor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    transaction_id xid8 NOT NULL,
    position bigint NOT NULL
);
INSERT INTO notification_cursor (transaction_id, position) VALUES (pg_snapshot_xmin(pg_current_snapshot()), 0);

-- Who is paged for an incident, step by step, until somebody acknowledges it.
CREATE TABLE escalation (
    incident bigint NOT NULL,
    -- What asked for it: rule/ID or severity/SEVERITY.
    policy text NOT NULL,
    plan json NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    -- How many steps were told.
    told integer NOT NULL DEFAULT 0,
    -- When the next step is due; NULL once it ended.
    next_at timestamptz DEFAULT now(),
    ended text CHECK (ended IN ('acknowledged', 'over', 'exhausted')),
    ended_at timestamptz,
    -- Whoever was told also hears how the incident goes on.
    paged uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (incident, policy)
);
CREATE INDEX escalation_due ON escalation (next_at) WHERE next_at IS NOT NULL;
