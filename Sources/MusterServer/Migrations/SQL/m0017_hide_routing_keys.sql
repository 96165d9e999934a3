-- Clients of PagerDuty send a source's key within the message. It was kept with the alert and in dead letters, where people read it:
-- from now on it is hidden when the message arrives, and here in what was kept before. Bytes are taken for Latin-1, which changes none.
UPDATE alert SET payload = convert_to(regexp_replace(convert_from(payload, 'LATIN1'), '("routing_key"\s*:\s*")[^"]*"', '\1********"', 'g'), 'LATIN1')
WHERE position('"routing_key"'::bytea IN payload) > 0 AND position('\x00'::bytea IN payload) = 0;

UPDATE dead_letter SET body = convert_to(regexp_replace(convert_from(body, 'LATIN1'), '("routing_key"\s*:\s*")[^"]*"', '\1********"', 'g'), 'LATIN1')
WHERE position('"routing_key"'::bytea IN body) > 0 AND position('\x00'::bytea IN body) = 0;
