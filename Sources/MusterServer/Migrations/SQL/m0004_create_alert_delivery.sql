-- What incidents have still to hear of their alerts: one row a batch and incident, where there used to be a second version
-- of every alert's row.

CREATE TABLE alert_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident bigint NOT NULL,
    -- Whether these alerts ended; else they began.
    ended boolean NOT NULL,
    alerts uuid[] NOT NULL CHECK (alerts <> '{}')
);
CREATE INDEX alert_delivery_incident ON alert_delivery (incident, id);

-- In a storm every alert would lock its incident's row, which the router changes at the same time. The number comes from
-- alert_group, whose reference stays.
ALTER TABLE alert DROP CONSTRAINT alert_incident_fkey;
