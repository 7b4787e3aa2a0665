#!/bin/sh
# After a major upgrade, on the running new server: statistics, extensions, collations.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) TMPDIR TERMINATION_LOG WAIT_SECONDS
# Statistics first in coarse stages, so that queries get usable plans soon. Extensions are
# updated to the version that the image has. A collation whose version changed is told, and not
# set right here: its indexes must be built anew first (REINDEX, then REFRESH COLLATION VERSION).
# Running it again does no harm. Exit codes: 65 = trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="the work after the upgrade" PGAPPNAME=sampledb-post-upgrade

analyze() {
  set -- --all --no-password --quiet
  # What pg_upgrade carries over since 18 need not be gathered again; extended statistics it does not.
  if test "$(major_of vacuumdb)" -ge 18; then
    vacuumdb "$@" --analyze-in-stages --missing-stats-only > /dev/null 2> "$errors" || return 1
    vacuumdb "$@" --analyze-only > /dev/null 2> "$errors"
  else
    vacuumdb "$@" --analyze-in-stages > /dev/null 2> "$errors"
  fi
}

# shellcheck disable=SC2153 # DATABASE is set by each_database
update_extensions() {
  query "$DATABASE" "SELECT count(*) FROM pg_available_extensions WHERE installed_version <> default_version" > "$TMPDIR/outdated" ||
    fail 1 "could not list the extensions of the database $DATABASE: $(words)"
  PGDATABASE="$DATABASE" sql > /dev/null << 'SQL' || fail 65 "an extension of the database $DATABASE could not be updated: $(words)"
SELECT format('ALTER EXTENSION %I UPDATE', name) FROM pg_available_extensions
  WHERE installed_version <> default_version ORDER BY name \gexec
SQL
  updated=$((updated + $(cat "$TMPDIR/outdated")))
}

warn_of_collations() {
  PGDATABASE="$DATABASE" sql >> "$TMPDIR/warnings" << 'SQL' || fail 1 "could not read the collations of the database $DATABASE: $(words)"
\getenv database DATABASE
SELECT to_json(format('database %s: collation %s was made with version %s, and is now %s', :'database'::text, name, was, now))
FROM (SELECT 'of the database' AS name, datcollversion AS was, pg_database_collation_actual_version(oid) AS now
      FROM pg_database WHERE datname = current_database()
      UNION ALL
      SELECT collname, collversion, pg_collation_actual_version(oid) FROM pg_collation WHERE collversion IS NOT NULL) AS seen
WHERE was <> now ORDER BY name;
SQL
}

look_at_database() {
  update_extensions
  warn_of_collations
}

guard
wait_for_server
log_in postgres postgres-password
version=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1)") || fail 1 "could not read the server's version: $(words)"
updated=0
: > "$TMPDIR/warnings"
each_database look_at_database
analyze || fail 1 "the statistics could not be gathered: $(words)"
warnings=$(tr '\n' ',' < "$TMPDIR/warnings" | sed -e 's/,$//')
succeed "{\"analyzed\": true, \"version\": \"$version\", \"extensions\": $updated, \"warnings\": [$warnings], \"seconds\": $(seconds)}"
