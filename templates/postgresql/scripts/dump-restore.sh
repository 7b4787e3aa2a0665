#!/bin/sh
# Moves the data of a stopped server to a new volume, as those of the image's major version.
#
# Reads: OLD_PGDATA PGDATA (on two volumes) OLD_BIN (see copy-programs.sh) CONFIG_DIR
#        PGUSER (the superuser) PGSOCKETDIR TMPDIR TERMINATION_LOG
# The old server is started where nobody can reach it, and may not write: its data are dumped
# with the new programs, restored into a new data directory, and every table is compared. The
# directory is made as PGDATA.partial and renamed when it is whole, with the result in it:
# found again, it is the result, as long as the old data are those that it was made of. A half
# one is removed, and begun anew. The old server may be started again at any time.
# Exit codes: 65 = can't be moved so, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=cluster.sh
. "$(dirname "$0")/cluster.sh"
# shellcheck source-path=SCRIPTDIR source=load.sh
. "$(dirname "$0")/load.sh"
# shellcheck source-path=SCRIPTDIR source=databases.sh
. "$(dirname "$0")/databases.sh"
# shellcheck source-path=SCRIPTDIR source=majors.sh
. "$(dirname "$0")/majors.sh"
export JOB="the upgrade" PGAPPNAME=sampledb-upgrade
partial="$PGDATA.partial"
dumps="$PGDATA.dumps"
marker=sampledb-dump-restore.json
bin=$(dirname "$(readlink -f "$(command -v postgres)")")
to=$(major_of postgres)
# shellcheck disable=SC2034 # for load.sh
wanted="$to"

undo() {
  end_isolated
  rm -rf "$partial" "$dumps"
}

# Which data, and which moment of theirs: another start of the old server makes it another one.
source_of_data() {
  echo "$(control "$OLD_BIN" "$OLD_PGDATA" 'Database system identifier')@$(control "$OLD_BIN" "$OLD_PGDATA" 'Latest checkpoint location')"
}

# found_again: the result of a run that came to its end.
found_again() {
  test -f "$PGDATA/$marker" || return 1
  grep -qF "\"source\": \"$(source_of_data)\"" "$PGDATA/$marker" ||
    fail 65 "the new volume was filled before, from data that the old server has changed since: look whether a server has run on it and something of it is needed; if not, remove its claim, and it is filled anew"
}

check_target() {
  test ! -e "$PGDATA/PG_VERSION" || fail 65 "there is a data directory of PostgreSQL $to already, which no upgrade made: $PGDATA"
  rm -rf "$partial" "$dumps" 2> "$errors" || fail 1 "could not remove a half made directory: $(words)"
  mkdir -p "$dumps" 2> "$errors" || fail 1 "could not write to the new volume: $(words)"
}

ask_old_server() {
  facts=$(query template1 "SELECT sum(pg_database_size(oid))::bigint, count(*) FILTER (WHERE NOT datistemplate) FROM pg_database") ||
    fail 1 "could not ask the old server: $(words)"
  IFS='|' read -r size databases << FACTS
$facts
FACTS
  check_databases
}

# What must be the same in both servers, one a line. An extension's own tables are made by its
# script, which may be another one in the new server.
look_at_database() {
  count_rows || fail 1 "the tables of the database $DATABASE can't be read: $(words)"
  grep '^[0-9]* own ' "$TMPDIR/counts" > "$1" || true
  PGDATABASE="$DATABASE" sql >> "$1" << 'SQL' || fail 1 "the sequences of the database $DATABASE can't be read: $(words)"
SELECT format('SELECT concat_ws('' '', last_value, is_called, %L) FROM %I.%I',
    to_json(format('%I.%I', nspname, relname)), nspname, relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'S' AND relpersistence = 'p' AND NOT EXISTS (SELECT FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
  ORDER BY nspname, relname \gexec
SELECT count(*) || ' large objects' FROM pg_largeobject_metadata;
SQL
}

# shellcheck disable=SC2154 # oid is that of each_database
dump_database() {
  printf '%s' "$DATABASE" > "$dumps/$oid.name"
  look_at_database "$dumps/$oid.old"
  PGDATABASE="$DATABASE" pg_dump -w --format=directory --jobs="$(jobs_at_once)" --no-tablespaces --file="$dumps/$oid.dump" 2> "$errors" ||
    fail 65 "the database $DATABASE could not be dumped: $(words)"
}

# The old server may not write, nor fetch what another one replicates to it.
dump_all() {
  note_stop
  start_isolated "$OLD_BIN" "$OLD_PGDATA" "-c default_transaction_read_only=on -c autovacuum=off -c max_logical_replication_workers=0 $preload" ||
    fail 1 "the old server does not start: $(words)"
  ask_old_server
  check_space "$dumps" new "$(needed_to_move)" "moving the data"
  pg_dumpall -w --globals-only --no-tablespaces --file="$dumps/globals.sql" 2> "$errors" || fail 65 "the roles could not be dumped: $(words)"
  each_database dump_database
  stop_isolated || fail 1 "the old server does not stop: $(words)"
  state=$(control "$OLD_BIN" "$OLD_PGDATA" 'Database cluster state')
  test "$state" = "shut down" || fail 1 "the old server was not shut down cleanly (pg_controldata: $state)"
}

# restore_database OID: it is dropped and made anew, so another one has to be connected to.
restore_database() {
  DATABASE=$(cat "$dumps/$1.name")
  by_way_of=template1
  test "$DATABASE" != template1 || by_way_of=postgres
  restore_dump "$dumps/$1.dump" "$by_way_of"
  rm -rf "$dumps/$1.dump"
  look_at_database "$dumps/$1.new"
  diff "$dumps/$1.old" "$dumps/$1.new" > "$errors" ||
    fail 65 "the database $DATABASE is not in the new server as it is in the old one (< old, > new; rows, table): $(words)"
  while read -r count kind _; do
    test "$kind" = own || continue
    tables=$((tables + 1))
    rows=$((rows + count))
  done < "$dumps/$1.new"
}

restore_all() {
  make_cluster
  # shellcheck disable=SC2154 # loading is load.sh's
  start_isolated "$bin" "$partial" "$loading -c max_logical_replication_workers=0 $preload" || fail 1 "the new server does not start: $(words)"
  restore_globals "$dumps/globals.sql" "$to"
  # shellcheck disable=SC2012 # names of digits
  for oid in $(ls "$dumps" | sed -n 's/\.name$//p' | sort -n); do
    restore_database "$oid"
  done
  version=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1)") || fail 1 "could not read the server's version: $(words)"
  summed=$(query postgres "SELECT CASE current_setting('data_checksums') WHEN 'on' THEN 'true' ELSE 'false' END") || fail 1 "could not ask the new server: $(words)"
  stop_isolated || fail 1 "the new server does not stop: $(words)"
}

if found_again; then
  succeed "$(cat "$PGDATA/$marker")"
  exit 0
fi
guard
check_versions
look_at_preloaded_libraries
check_settings
check_target
dump_all
tables=0
rows=0
restore_all
copy_settings
rm -rf "$dumps" 2> "$errors" || fail 1 "could not remove the dumps: $(words)"
result="{\"from\": \"$from\", \"to\": \"$to\", \"version\": \"$version\", \"seconds\": $(seconds), \"size\": $size, \"checksums\": $summed, \"databases\": $databases, \"tables\": $tables, \"rows\": $rows, \"stoppedAt\": \"$stopped\", \"source\": \"$(source_of_data)\"}"
printf '%s\n' "$result" > "$partial/$marker" 2> "$errors" || fail 1 "could not write to the new volume: $(words)"
put_in_place "$partial" "$PGDATA"
succeed "$result"
