#!/bin/sh
# Builds the next version of musterd, for `make upgrade-drill`: the present tree with one more migration, which changes the
# tables that are used most in each way that a release may. Prints where the program is.
#   Tests/Drills/next-version.sh SOURCE WORK
set -eu
source=$1
work=$2

# What git knows, as it is now. Files keep their times, so that a second build is a short one.
rm -rf "$work/source"
mkdir -p "$work/source"
(cd "$source" && { git ls-files; ls Package.resolved 2>/dev/null || true; } | sort -u |
    while read -r file; do [ ! -e "$file" ] || echo "$file"; done | tar --create --files-from=-) |
    tar --extract --directory "$work/source"

list=$work/source/Sources/MusterServer/Migrations/Migrations.swift
number=$(($(find "$work/source/Sources/MusterServer/Migrations/SQL" -name 'm*.sql' | wc -l) + 1))
digits=$(printf %04d "$number")
cat >"$work/source/Sources/MusterServer/Migrations/SQL/m${digits}_rehearse_upgrade.sql" <<'SQL'
-- Expands: nothing that the version before uses goes away or becomes stricter.
ALTER TABLE incident ADD COLUMN rehearsed_at timestamptz;
ALTER TABLE incident ADD COLUMN rehearsed text NOT NULL DEFAULT 'by the next version' CHECK (length(rehearsed) < 100);
ALTER TABLE alert ADD COLUMN rehearsed boolean NOT NULL DEFAULT false;
ALTER TABLE timeline_entry ADD COLUMN rehearsed boolean NOT NULL DEFAULT false;
ALTER TABLE idempotency ADD COLUMN rehearsed boolean;
ALTER TABLE access_token ADD COLUMN rehearsed boolean;
ALTER TABLE component ADD COLUMN rehearsed boolean;
CREATE INDEX alert_rehearsed ON alert (rehearsed) WHERE rehearsed;
CREATE TABLE rehearsal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident bigint NOT NULL REFERENCES incident (number)
);
CREATE FUNCTION rehearse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rehearsed_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER incident_rehearse BEFORE INSERT OR UPDATE ON incident FOR EACH ROW EXECUTE FUNCTION rehearse();
SQL
sed -i "s|^    \]$|        migration($number, \"rehearse_upgrade\", PackageResources.m${digits}_rehearse_upgrade_sql),\n    ]|" "$list"
grep -q rehearse_upgrade "$list" || { echo "next-version: the list of migrations has another form" >&2; exit 1; }

swift build --package-path "$work/source" --scratch-path "$work/build" --configuration release --product musterd \
    --static-swift-stdlib >&2
echo "$work/build/release/musterd"
