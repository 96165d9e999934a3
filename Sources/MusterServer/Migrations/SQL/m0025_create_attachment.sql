-- Files of incidents: graphs, screenshots, logs. What they are called stands in the timeline; `number` is the one in the incident
-- to which they were added. Images do not become smaller by compressing them.
CREATE TABLE attachment (
    incident bigint NOT NULL REFERENCES incident (number),
    number integer NOT NULL,
    type text NOT NULL,
    bytes bytea NOT NULL CHECK (octet_length(bytes) <= 5242880),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (incident, number)
);
ALTER TABLE attachment ALTER COLUMN bytes SET STORAGE EXTERNAL;
