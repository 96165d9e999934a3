-- Planned work. What people said is kept as they said it: a clock's time and its time zone, since zones change their rules after
-- a window was planned.
CREATE TABLE maintenance (
    id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text,
    components text[] NOT NULL CHECK (cardinality(components) > 0),
    -- Empty means everywhere.
    regions text[] NOT NULL DEFAULT '{}',
    local_start text NOT NULL CHECK (local_start ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$'),
    time_zone text NOT NULL,
    duration_seconds integer NOT NULL CHECK (duration_seconds BETWEEN 60 AND 2592000),
    -- When it comes again, as RFC 5545 writes it; NULL for once.
    rrule text,
    ends text NOT NULL CHECK (ends IN ('automatic', 'by_hand')),
    -- How often people changed it: the SEQUENCE of its events in calendars.
    version integer NOT NULL DEFAULT 1,
    cancelled_at timestamptz,
    -- When to work out again which times lie ahead; NULL when none will come.
    plan_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);
CREATE INDEX maintenance_plan ON maintenance (plan_at) WHERE plan_at IS NOT NULL;
CREATE INDEX maintenance_list ON maintenance (created_at, id);
CREATE INDEX maintenance_component ON maintenance USING gin (components);

-- The times of a window that lie ahead, within a horizon, and what became of those that were.
CREATE TABLE maintenance_occurrence (
    maintenance uuid NOT NULL REFERENCES maintenance ON DELETE CASCADE,
    -- By the window's rule: names it, also when it was moved.
    local_start text NOT NULL CHECK (local_start ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$'),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    state text NOT NULL CHECK (state IN ('scheduled', 'running', 'overrun', 'done', 'cancelled')),
    began_at timestamptz,
    ended_at timestamptz,
    -- How many seconds ahead it was announced last.
    announced_seconds integer,
    extensions integer NOT NULL DEFAULT 0,
    -- Whether it is no longer as the window's rule says.
    changed boolean NOT NULL DEFAULT false,
    -- What its overrun opened.
    incident bigint REFERENCES incident (number),
    -- When something happens next by itself.
    next_at timestamptz,
    PRIMARY KEY (maintenance, local_start)
);
CREATE INDEX maintenance_occurrence_next ON maintenance_occurrence (next_at) WHERE next_at IS NOT NULL;
-- What holds alerts now, and what comes next.
CREATE INDEX maintenance_occurrence_ahead ON maintenance_occurrence (starts_at) WHERE state IN ('scheduled', 'running', 'overrun');
CREATE INDEX maintenance_occurrence_over ON maintenance_occurrence (ends_at) WHERE state IN ('done', 'cancelled');

-- The rows that are there need no second look: the reasons until now are all allowed.
ALTER TABLE alert DROP CONSTRAINT alert_held_check;
ALTER TABLE alert ADD CONSTRAINT alert_held_check
    CHECK (held IN ('rule', 'count', 'hours', 'silence', 'corroboration', 'settling', 'maintenance')) NOT VALID;
