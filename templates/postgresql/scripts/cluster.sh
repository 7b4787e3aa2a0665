#!/bin/sh
# A server of this script's own on a data directory, which nobody else can reach. Sourced after job.sh.
#
# Reads: PGSOCKETDIR CONFIG_DIR TMPDIR PGUSER (the superuser)
# A start takes as long as its recovery does: the Job's own deadline is the limit.
# No TCP; the socket's directory is the container's own, and nobody needs a password there.
# shellcheck disable=SC2154 # errors comes from job.sh
isolated_port=50432
isolated=""

# control BIN DIRECTORY FIELD: by the programs of the directory's own version.
control() {
  "$1/pg_controldata" "$2" 2> "$errors" | sed -n "s/^$3: *//p"
}

# shutdown_time BIN DIRECTORY: when a server that was shut down cut its clients off, in UTC: its
# last checkpoint, which begins then. "" when it can't be read.
shutdown_time() {
  TZ=UTC LC_ALL=C control "$1" "$2" 'Time of latest checkpoint' | awk 'NF == 5 && $4 ~ /^[0-9:]*$/ {
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $2) + 2) / 3
    if (month >= 1) printf "%s-%02d-%02dT%sZ", $5, month, $3, $4
  }'
}

allow_superuser_only() {
  printf 'local all all trust\n' > "$TMPDIR/isolated-hba.conf"
}

# Libraries that the servers load at their start are those of the rendered configuration.
look_at_preloaded_libraries() {
  preload=""
  test -f "$CONFIG_DIR/postgresql.conf" || return 0
  mkdir -p "$TMPDIR/preload"
  postgres -D "$TMPDIR/preload" -c config_file="$CONFIG_DIR/postgresql.conf" -C shared_preload_libraries \
    > "$TMPDIR/preload/libraries" 2> "$errors" || fail 65 "this PostgreSQL does not understand the rendered settings: $(words)"
  libraries=$(tr -d ' "' < "$TMPDIR/preload/libraries")
  # shellcheck disable=SC2034 # for the scripts that source this one
  test -z "$libraries" || preload="-c shared_preload_libraries=$libraries"
}

jobs_at_once() {
  at_once=$(nproc)
  test "$at_once" -le 4 || at_once=4
  echo "$at_once"
}

# start_isolated BIN DIRECTORY [OPTIONS]
start_isolated() {
  allow_superuser_only
  isolated_bin="$1"
  export PGHOST="$PGSOCKETDIR" PGPORT="$isolated_port"
  unset PGPASSWORD
  isolated="$2"
  "$1/pg_ctl" --pgdata="$2" --silent --wait --timeout=86400 --log="$TMPDIR/isolated.log" -o "-p $isolated_port \
-c listen_addresses='' -c unix_socket_directories='$PGSOCKETDIR' -c unix_socket_permissions=0700 \
-c hba_file='$TMPDIR/isolated-hba.conf' -c logging_collector=off -c log_destination=stderr -c log_statement=none \
-c archive_mode=off -c jit=off -c ssl=off -c max_prepared_transactions=$(control "$1" "$2" 'max_prepared_xacts setting') $3" start > "$errors" 2>&1 || {
    tail -n 3 "$TMPDIR/isolated.log" >> "$errors" 2> /dev/null || true
    return 1
  }
}

stop_isolated() {
  "$isolated_bin/pg_ctl" --pgdata="$isolated" --silent --wait --timeout=86400 --mode=fast stop > "$errors" 2>&1 || return 1
  isolated=""
}

# Before a failure ends the script; the server may not be up.
end_isolated() {
  test -z "$isolated" ||
    "$isolated_bin/pg_ctl" --pgdata="$isolated" --silent --wait --mode=fast stop > /dev/null 2>&1 || true
  isolated=""
}

# To disk whole, then under its own name: a kill leaves nothing half made there.
put_in_place() {
  sync -f "$1" 2> "$errors" || fail 1 "could not write the data directory to disk: $(words)"
  mv "$1" "$2" 2> "$errors" || fail 1 "could not rename the data directory: $(words)"
  sync "$(dirname "$2")"
}

# Exact, and from the tables themselves: each of their pages is read. Into TMPDIR/counts, one a
# line: the number of rows, `own` or `extension` (whose script may have filled it), the table.
count_rows() {
  PGDATABASE="$DATABASE" sql > "$TMPDIR/counts" << 'SQL'
SET enable_indexonlyscan = off;
SELECT format('SELECT concat_ws('' '', count(*), %L, %L) FROM %I.%I',
    CASE WHEN EXISTS (SELECT FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') THEN 'extension' ELSE 'own' END,
    to_json(format('%I.%I', nspname, relname)), nspname, relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'm') AND relpersistence = 'p' AND (relkind = 'r' OR relispopulated)
    AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
  ORDER BY nspname, relname \gexec
SQL
}

count_rows_of_database() {
  count_rows || fail 65 "the tables of the restored database $DATABASE can't be read: $(words)"
  while read -r count _; do
    tables=$((tables + 1))
    rows=$((rows + count))
  done < "$TMPDIR/counts"
}

# check_database WHAT: that what was restored has the database of INIT_DATABASE (empty: any).
check_database() {
  test -n "$(printenv INIT_DATABASE || true)" || return 0
  found=$(PGDATABASE=postgres sql << 'SQL'
\getenv name INIT_DATABASE
SELECT CASE WHEN bool_or(datname = :'name') THEN '' ELSE string_agg(datname, ', ' ORDER BY datname) END
  FROM pg_database WHERE NOT datistemplate;
SQL
  ) || fail 1 "could not list the databases: $(words)"
  test -z "$found" || fail 65 "$1 has no database $(printenv INIT_DATABASE), which spec.init.database names; it has: $found"
}

# Makes known what was read: `tables`, `rows`, `databases`, and the server's `version`.
# shellcheck disable=SC2034 # for the scripts that source this one
read_every_table() {
  tables=0
  rows=0
  each_database count_rows_of_database
  databases=$(query postgres "SELECT count(*) FROM pg_database WHERE NOT datistemplate") || fail 1 "could not count the databases: $(words)"
  version=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1)") || fail 1 "could not read the server's version: $(words)"
}
