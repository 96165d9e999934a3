-- An alert that is said again changes its row in place: when it expires is in no index any more. With it in one, each
-- repetition wrote a new entry into every index of the table, since senders move that time along with each.

-- When to see whether the alert has expired: never after that, and often before, since repetitions do not move it along.
-- The default is for programs that do not know the column: what they insert is looked at soon.
ALTER TABLE alert ADD COLUMN due_at timestamptz DEFAULT now();
CREATE INDEX alert_due ON alert (due_at) WHERE due_at IS NOT NULL AND status <> 'resolved';
DROP INDEX alert_expires;

-- A number of what its last message said (`IncomingAlert.words`), by which a repetition that says nothing new is told.
ALTER TABLE alert ADD COLUMN words bigint;

-- Sources are marked as deleted and never are: looking that up for each alert, and locking the row, guarded nothing.
ALTER TABLE alert DROP CONSTRAINT alert_source_fkey;
