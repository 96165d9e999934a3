-- What secrets of probes are sealed with where secrets.key is not set; in no archive.
CREATE TABLE sealing_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
