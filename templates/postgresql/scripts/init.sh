#!/bin/sh
# Runs the initial configuration once: owner, database, extensions, SQL.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) OWNER OWNER_PASSWORD
#        DATABASE INIT_DIGEST SCRIPTS_DIR (extensions, one a line, if any; sql-*.sql)
#        SQL_DIR (more SQL, may be empty) TMPDIR TERMINATION_LOG WAIT_SECONDS
# All SQL runs as the owner in one transaction, together with the mark that it ran
# (table sampledb.init): a failure leaves none of it behind, and a second run does nothing.
# Exit codes: 65 = the SQL or a name is wrong, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export PGAPPNAME=sampledb-init

# psql's own words, in one line, with the file's name as the field it came from.
words() {
  grep -v -e '^$' "$errors" | head -n 6 |
    sed -e 's|^psql:[^:]*/sql-0*\([0-9][0-9]*\)\.sql:\([0-9]*\):|spec.init.sql[\1], line \2:|' \
      -e 's|^psql:[^:]*/\([^/:]*\):\([0-9]*\):|\1, line \2:|' \
      -e 's|^psql:[^:]*<stdin>:[0-9]*: *||' -e 's|^psql: error: *||' |
    tr '\n' ' ' | cut -c 1-1500 | sed 's/ *$//'
}

result() {
  told=$(PGDATABASE=postgres sql << 'SQL'
\getenv database DATABASE
\getenv skipped SKIPPED
SELECT json_build_object('initialized', true, 'database', :'database'::text,
  'version', split_part(current_setting('server_version'), ' ', 1), 'skipped', :'skipped'::boolean);
SQL
  ) || fail 1 "could not read the server's version: $(words)"
  succeed "$told"
}

# shellcheck disable=SC2153 # DATABASE comes from the environment
done_before() {
  exists=$(PGDATABASE=postgres sql << 'SQL'
\getenv database DATABASE
SELECT count(*) FROM pg_database WHERE datname = :'database';
SQL
  ) || fail 1 "could not look for the database: $(words)"
  test "$exists" -eq 1 || return 1
  marked=$(PGDATABASE="$DATABASE" sql -c "SELECT to_regclass('sampledb.init') IS NOT NULL") ||
    fail 1 "could not look into the database: $(words)"
  test "$marked" = t || return 1
  marked=$(PGDATABASE="$DATABASE" sql -c 'SELECT count(*) FROM sampledb.init') ||
    fail 1 "could not read the table sampledb.init: $(words)"
  test "$marked" -gt 0
}

# Names and the password reach the server as psql variables: quoted there, and on no command line.
create_owner_and_database() {
  PGDATABASE=postgres sql > /dev/null << 'SQL' || fail 65 "spec.init: could not create the owner or the database: $(words)"
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
\getenv owner OWNER
\getenv password OWNER_PASSWORD
\getenv database DATABASE
SELECT format('CREATE ROLE %I', :'owner'::text)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
ALTER ROLE :"owner" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database'::text, :'owner'::text)
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"owner";
SQL
}

create_extensions() {
  test -f "$SCRIPTS_DIR/extensions" || return 0
  while IFS= read -r EXTENSION; do
    test -n "$EXTENSION" || continue
    export EXTENSION
    PGDATABASE="$DATABASE" sql > /dev/null << 'SQL' || fail 65 "spec.init.extensions: $(words)"
\getenv extension EXTENSION
SET client_min_messages = 'warning';
CREATE EXTENSION IF NOT EXISTS :"extension" CASCADE;
SQL
  done < "$SCRIPTS_DIR/extensions"
}

create_mark() {
  PGDATABASE="$DATABASE" sql > /dev/null << 'SQL' || fail 1 "could not create the table sampledb.init: $(words)"
\getenv owner OWNER
SET client_min_messages = 'warning';
BEGIN;
CREATE SCHEMA IF NOT EXISTS sampledb;
CREATE TABLE IF NOT EXISTS sampledb.init (
  once boolean PRIMARY KEY DEFAULT true CHECK (once),
  digest text NOT NULL,
  finished timestamptz NOT NULL DEFAULT now());
GRANT USAGE ON SCHEMA sampledb TO :"owner";
GRANT SELECT, INSERT ON sampledb.init TO :"owner";
COMMIT;
SQL
}

# Without the superuser's password in the environment: psql's \! and \connect work in this SQL too.
run_sql_as_owner() {
  cat > "$TMPDIR/mark.sql" << 'SQL'
\getenv digest INIT_DIGEST
\unset QUIET
INSERT INTO sampledb.init (digest) VALUES (:'digest');
SQL
  set -- -f "$TMPDIR/mark.sql"
  for file in "$SCRIPTS_DIR"/sql-*.sql "$SQL_DIR"/*; do
    test ! -f "$file" || set -- "$@" -f "$file"
  done
  (
    export PGUSER="$OWNER" PGPASSWORD="$OWNER_PASSWORD" PGDATABASE="$DATABASE"
    unset OWNER_PASSWORD
    sql --single-transaction "$@"
  ) || fail 65 "the initial SQL failed, and nothing of it was kept: $(words)"
}

close_mark() {
  PGDATABASE="$DATABASE" sql > /dev/null << 'SQL' || fail 1 "could not close the table sampledb.init: $(words)"
\getenv owner OWNER
REVOKE INSERT ON sampledb.init FROM :"owner";
SQL
}

wait_for_server
log_in postgres postgres-password
if done_before; then
  SKIPPED=true
else
  SKIPPED=false
  create_owner_and_database
  create_extensions
  create_mark
  run_sql_as_owner
  close_mark
fi
export SKIPPED
result
