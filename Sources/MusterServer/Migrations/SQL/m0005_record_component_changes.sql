-- What happened to each component of the catalog: who changed what, when, from what to what.

CREATE TABLE component_change (
    -- The version of the catalog that the change made; a component changes at most once in each.
    catalog_version bigint NOT NULL CHECK (catalog_version > 0),
    -- No reference: what is removed from the catalog keeps its history.
    component text NOT NULL CHECK (component ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    -- The component's own version that the change made; of a removal, the one that was removed.
    component_version bigint NOT NULL CHECK (component_version > 0),
    action text NOT NULL CHECK (action IN ('added', 'changed', 'removed')),
    before jsonb CHECK (jsonb_typeof(before) = 'object'),
    after jsonb CHECK (jsonb_typeof(after) = 'object'),
    actor_id text NOT NULL,
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (catalog_version, component),
    CHECK ((before IS NULL) = (action = 'added')),
    CHECK ((after IS NULL) = (action = 'removed'))
);

CREATE INDEX component_change_component ON component_change (component, catalog_version);

CREATE FUNCTION component_change_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of components is only ever appended to' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER component_change_append_only
BEFORE UPDATE OR DELETE ON component_change
FOR EACH ROW EXECUTE FUNCTION component_change_refuse_rewriting();

CREATE TRIGGER component_change_keep_all
BEFORE TRUNCATE ON component_change
FOR EACH STATEMENT EXECUTE FUNCTION component_change_refuse_rewriting();
