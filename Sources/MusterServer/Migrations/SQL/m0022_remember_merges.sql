-- Alerts and groups know by which merges they came to their incident, the newest last, so that a merge can be undone. Empty for
-- what never moved, and for what a release moved that did not keep it: that stays where it is.
ALTER TABLE alert ADD merged_from bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE alert_group ADD merged_from bigint[] NOT NULL DEFAULT '{}';
