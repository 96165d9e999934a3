-- What incidents have still to hear of their alerts: one row a batch and incident, where there used to be a second version
-- of every alert's row.

CREATE TABLE alert_delivery (
    incident bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- Whether these alerts ended; else they began.
    ended boolean NOT NULL,
    alerts uuid[] NOT NULL CHECK (alerts <> '{}'),
    PRIMARY KEY (incident, id)
);

-- In a storm every alert would lock its incident's row, which the router changes at the same time. The number comes from
-- alert_group, whose reference stays.
ALTER TABLE alert DROP CONSTRAINT alert_incident_fkey;
