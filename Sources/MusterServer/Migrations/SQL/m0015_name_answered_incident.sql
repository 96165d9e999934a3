-- Stored answers of requests with an Idempotency-Key hold what people typed. Which incident an answer shows is known now, so
-- that a redaction can forget it.

ALTER TABLE idempotency ADD COLUMN incident bigint;

CREATE INDEX idempotency_incident ON idempotency (incident) WHERE answer IS NOT NULL;
