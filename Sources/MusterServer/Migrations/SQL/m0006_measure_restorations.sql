-- What past restorations teach about the next ones. All of it follows from the timeline.

-- One row a restoration of a component: from its start until it was restored, the soak inside.
CREATE TABLE restoration_sample (
    incident bigint NOT NULL REFERENCES incident (number),
    -- The timeline entry that says it is restored.
    sequence bigint NOT NULL,
    component text NOT NULL CHECK (component <> ''),
    started_at timestamptz NOT NULL,
    restored_at timestamptz NOT NULL,
    -- What was thought when it was started; NULL when nobody knew.
    expected_median_seconds bigint,
    expected_p90_seconds bigint,
    expected_from text CHECK (expected_from IN ('measured', 'expected')),
    PRIMARY KEY (incident, sequence),
    CHECK (restored_at >= started_at),
    CHECK ((expected_median_seconds IS NULL) = (expected_from IS NULL)),
    CHECK ((expected_p90_seconds IS NULL) = (expected_from IS NULL))
);
CREATE INDEX restoration_sample_component ON restoration_sample (component, restored_at DESC);

-- The figures of the newest of them, for planning.
CREATE TABLE component_duration (
    component text PRIMARY KEY,
    samples bigint NOT NULL CHECK (samples > 0),
    median_seconds bigint NOT NULL CHECK (median_seconds >= 0),
    p90_seconds bigint NOT NULL CHECK (p90_seconds >= median_seconds)
);

-- What was expected of a whole incident when restoring began, and when it was over.
CREATE TABLE restoration_forecast (
    incident bigint PRIMARY KEY REFERENCES incident (number),
    made_at timestamptz NOT NULL,
    expected_median_at timestamptz NOT NULL,
    expected_p90_at timestamptz NOT NULL CHECK (expected_p90_at >= expected_median_at),
    restored_at timestamptz
);
CREATE INDEX restoration_forecast_over ON restoration_forecast (restored_at DESC) WHERE restored_at IS NOT NULL;
