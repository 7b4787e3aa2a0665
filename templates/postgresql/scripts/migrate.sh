#!/bin/sh
# Runs SQL files that have not been run yet, as the owner, in the order of their numbers.
#
# Reads: PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD (the owner) SQL_DIR (0001_name.sql or V1__name.sql)
#        TARGET_VERSION (the last number to run; empty: all) TMPDIR TERMINATION_LOG WAIT_SECONDS
# One transaction a file, together with its row in the table sampledb_migrations and under a
# lock: a failure leaves nothing of that file behind, and of two runs each file has one.
# A file that was run must stay as it was, and none may be put in before it.
# Exit codes: 65 = a file is wrong, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="the migration" PGAPPNAME=sampledb-migrate
list="$TMPDIR/migrations"

# psql's own words, with the file's name and line as the place that they came from.
file_words() {
  sed -i -e 's|^psql:[^:]*/\([^/:]*\):\([0-9]*\):|\1, line \2:|' "$errors"
  words
}

# A line a file: number, sum, name.
list_files() {
  : > "$list.all"
  for path in "$SQL_DIR"/*; do
    test -e "$path" || continue
    name=$(basename "$path")
    number=$(printf '%s\n' "$name" | sed -n 's/^[Vv]\{0,1\}0*\([1-9][0-9]\{0,17\}\)[_-].*\.sql$/\1/p')
    test -n "$number" || fail 65 "the file $name is not named as a migration: a number, _ and words, for example 0001_first.sql"
    case "$name" in *[!A-Za-z0-9._-]*) fail 65 "the file $name has a character in its name that is not a letter, a digit, or one of . _ -" ;; esac
    printf '%s %s %s\n' "$number" "$(sha256sum < "$path" | cut -d ' ' -f 1)" "$name" >> "$list.all"
  done
  sort -n "$list.all" > "$list"
  twice=$(cut -d ' ' -f 1 "$list" | uniq -d | head -n 1)
  test -z "$twice" || fail 65 "two files have the number $twice: $(sed -n "s/^$twice [^ ]* //p" "$list" | tr '\n' ' ' | sed 's/ $//')"
}

make_table() {
  sql > /dev/null << 'SQL' || fail 1 "could not create the table sampledb_migrations: $(words)"
SET client_min_messages = 'warning';
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('sampledb_migrations'));
CREATE TABLE IF NOT EXISTS public.sampledb_migrations (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  seconds double precision NOT NULL);
COMMIT;
SQL
}

# Before anything is run: what was run is as it was, and what is to be run comes after it.
check_files() {
  case "$TARGET_VERSION" in *[!0-9]*) fail 65 "the target version $TARGET_VERSION is not a number" ;; esac
  sql -c "SELECT version, sha256 FROM public.sampledb_migrations ORDER BY version" > "$list.applied" ||
    fail 1 "could not read the table sampledb_migrations: $(words)"
  at=$(tail -n 1 "$list.applied" | cut -d '|' -f 1)
  from=$((at + 0))
  known="$from"
  while read -r number sum name; do
    applied=$(sed -n "s/^$number|//p" "$list.applied")
    test -z "$applied" || test "$applied" = "$sum" ||
      fail 65 "the file $name was run already, and has been changed since: put it back (its sha256 was $applied) and write a new one"
    test -n "$applied" || test "$number" -gt "$from" ||
      fail 65 "the file $name comes before version $from, which was run already: give it a higher number"
    test -z "$TARGET_VERSION" || test "$number" -ne "$TARGET_VERSION" || known="$number"
  done < "$list"
  test -n "$TARGET_VERSION" || return 0
  test "$TARGET_VERSION" -ge "$from" || fail 65 "version $from was run already; migrations don't go back to $TARGET_VERSION"
  test "$known" -eq "$TARGET_VERSION" || fail 65 "no file has the number of the target version $TARGET_VERSION"
}

# What the file sets for psql or the session is put right before the row is written; one that
# ended the transaction itself can't have its row in it.
run_file() {
  code=0
  VERSION="$1" SHA256="$2" NAME="$3" FILE="$SQL_DIR/$3" sql > "$TMPDIR/migrate.log" << 'SQL' || code=$?
\getenv sampledb_file FILE
\getenv sampledb_version VERSION
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('sampledb_migrations')) \g /dev/null
SELECT EXISTS (SELECT FROM public.sampledb_migrations WHERE version = :sampledb_version) AS sampledb_applied \gset
\if :sampledb_applied
ROLLBACK;
\else
SELECT pg_current_xact_id() AS sampledb_began, clock_timestamp() AS sampledb_clock \gset
\i :sampledb_file
\set ON_ERROR_STOP 1
\unset ON_ERROR_ROLLBACK
\getenv sampledb_version VERSION
\getenv sampledb_sha256 SHA256
\getenv sampledb_name NAME
RESET ROLE;
SELECT pg_current_xact_id()::text <> :'sampledb_began' AS sampledb_ended \gset
\if :sampledb_ended
ROLLBACK;
\echo ended
\else
INSERT INTO public.sampledb_migrations (version, name, sha256, seconds)
  VALUES (:sampledb_version, :'sampledb_name', :'sampledb_sha256', extract(epoch FROM clock_timestamp() - :'sampledb_clock'));
COMMIT;
\endif
\endif
SQL
  if test "$code" -eq 0; then
    test "$(tail -n 1 "$TMPDIR/migrate.log")" = ended || return 0
    fail 65 "the file $3 has a COMMIT or ROLLBACK of its own: take it out; what the file did before it may have been kept"
  fi
  test "$code" -ne 2 || fail 1 "the connection was lost, and nothing of $3 was kept: $(file_words)"
  fail 65 "nothing of this file was kept: $(file_words)"
}

guard
wait_for_server
# shellcheck disable=SC2153 # PGDATABASE comes from the environment
log_in "$PGDATABASE" password
list_files
make_table
check_files
to="$from"
ran=""
while read -r number sum name; do
  test "$number" -gt "$from" || continue
  test -z "$TARGET_VERSION" || test "$number" -le "$TARGET_VERSION" || continue
  run_file "$number" "$sum" "$name"
  to="$number"
  ran="$ran, $number"
done < "$list"
succeed "{\"from\": $from, \"to\": $to, \"applied\": [$(printf '%s' "$ran" | cut -c 3-)], \"seconds\": $(seconds)}"
