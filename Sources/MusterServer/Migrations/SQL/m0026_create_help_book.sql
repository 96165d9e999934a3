-- What people outside can choose as their symptom, and what they are told to try: one document of the catalog, whose version every change
-- raises. Without a row, the built-in one holds.
CREATE TABLE help_book (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    body json NOT NULL,
    -- The catalog's, after the change.
    version bigint NOT NULL CHECK (version > 0)
);
