-- Inbound keys, the alerts that come in by them, and which incident each group of alerts belongs to.

CREATE TABLE source (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    deleted_at timestamptz
);

-- One row from firing to resolved; a trigger after a resolve is a new row with the same identity.
CREATE TABLE alert (
    id uuid PRIMARY KEY,
    source uuid NOT NULL REFERENCES source (id),
    identity text NOT NULL,
    group_key text NOT NULL,
    title text NOT NULL,
    status text NOT NULL CHECK (status IN ('firing', 'acknowledged', 'resolved')),
    occurrences bigint NOT NULL CHECK (occurrences > 0),
    -- When the sender says that it began: with the identity it names this firing among earlier and later ones.
    starts_at timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    component text,
    severity text,
    labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
    annotations jsonb NOT NULL CHECK (jsonb_typeof(annotations) = 'object'),
    incident bigint REFERENCES incident (number),
    -- False while the incident does not yet know of the newest state; a runner of any daemon sees to it.
    routed boolean NOT NULL,
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
) WITH (fillfactor = 85);

-- One open alert an identity: the real deduplication.
CREATE UNIQUE INDEX alert_open ON alert (source, identity) WHERE status <> 'resolved';
-- One row a firing, so that an old message that comes again is recognised. Lists look for an identity alone, too.
CREATE UNIQUE INDEX alert_firing ON alert (identity, source, starts_at);
CREATE INDEX alert_incident ON alert (incident, id) WHERE incident IS NOT NULL;
CREATE INDEX alert_unrouted ON alert (first_seen_at) WHERE NOT routed;

-- Which incident takes the alerts of a group; only while that incident is open.
CREATE TABLE alert_group (
    source uuid NOT NULL REFERENCES source (id),
    group_key text NOT NULL,
    incident bigint NOT NULL REFERENCES incident (number),
    PRIMARY KEY (source, group_key)
);
CREATE INDEX alert_group_incident ON alert_group (incident);
