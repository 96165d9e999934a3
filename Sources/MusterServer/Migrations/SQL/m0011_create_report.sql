-- What users report: counts of minutes, what is normal, and who has been counted. Nobody is named: a reporter is a code made
-- with a salt that is gone after two days.

INSERT INTO source (id, name, kind, key_hash, created_by)
VALUES ('00000000-0000-7000-8000-000000000003', 'reports', 'internal',
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'musterd')
ON CONFLICT (id) DO NOTHING;

-- The secret of a day (UTC), shared by all daemons.
CREATE TABLE report_salt (
    day date PRIMARY KEY,
    salt bytea NOT NULL CHECK (octet_length(salt) = 32)
);

-- Who was counted within an hour, so that nobody is counted twice. Kept for two hours.
CREATE TABLE report_reporter (
    hour timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- Empty when the catalog knows no such component.
    component text NOT NULL,
    symptom text NOT NULL,
    PRIMARY KEY (hour, hash, component, symptom)
);

CREATE TABLE report_count (
    minute timestamptz NOT NULL,
    component text NOT NULL,
    symptom text NOT NULL,
    -- Empty when the catalog knows no such region.
    region text NOT NULL,
    reports integer NOT NULL CHECK (reports > 0),
    PRIMARY KEY (minute, component, symptom, region)
) WITH (fillfactor = 70);
CREATE INDEX report_count_component ON report_count (component, symptom, minute);

-- What is normal for a component and symptom, in reports of a minute, and whether there are more.
CREATE TABLE report_baseline (
    component text NOT NULL,
    symptom text NOT NULL,
    mean double precision NOT NULL DEFAULT 0 CHECK (mean >= 0),
    variance double precision NOT NULL DEFAULT 0 CHECK (variance >= 0),
    surging_since timestamptz,
    surging_minutes integer NOT NULL DEFAULT 0,
    -- Looks in a row that were contrary to the state.
    contrary integer NOT NULL DEFAULT 0,
    -- Minutes before this one are in the mean.
    learnt_until timestamptz NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Counts the looks: of several daemons that looked at the same time, one stores what it saw.
    pass bigint NOT NULL DEFAULT 0,
    -- Whether an alert was raised and has not heard of the end.
    alerted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (component, symptom)
) WITH (fillfactor = 70);
