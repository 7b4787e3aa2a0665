#!/bin/sh
# Makes the data of a volume snapshot ready for a server, which nobody can reach before that.
#
# Reads: PGDATA SNAPSHOT (the name of the VolumeSnapshot that the volume was made from)
#        CONFIG_DIR PGUSER (the superuser) POSTGRES_PASSWORD OWNER OWNER_PASSWORD (set
#        afterwards; empty: as in the snapshot) INIT_DATABASE (that must be there) PGSOCKETDIR TMPDIR TERMINATION_LOG
# A snapshot of a running server is as if its power had failed: the write-ahead log, which lies
# on the same volume, is replayed. Every table is read then. The result is kept in the data
# directory: found again, it is the result.
# Exit codes: 65 = not from this snapshot, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=cluster.sh
. "$(dirname "$0")/cluster.sh"
# shellcheck source-path=SCRIPTDIR source=passwords.sh
. "$(dirname "$0")/passwords.sh"
export JOB="the restore of the snapshot" PGAPPNAME=sampledb-restore
marker="$PGDATA/sampledb-snapshot.json"
wanted=$(major_of postgres)
bin=$(dirname "$(readlink -f "$(command -v postgres)")")

undo() {
  end_isolated
}

check_data() {
  name=$(basename "$PGDATA")
  for found in "$(dirname "$(dirname "$PGDATA")")"/*/"$name/PG_VERSION"; do
    test -f "$found" || continue
    major=$(cat "$found")
    test "$major" -le "$wanted" && test -f "$PGDATA/PG_VERSION" ||
      fail 65 "the snapshot $SNAPSHOT holds data of PostgreSQL $major, which PostgreSQL $wanted can't read: restore it where spec.version is \"$major\""
  done
  test -f "$PGDATA/PG_VERSION" || fail 65 "the snapshot $SNAPSHOT holds no data of PostgreSQL"
}

# Of another machine's moment: its process is not here, whatever has its number now. What is
# said about the directory that was copied is not true of this one.
forget_the_old_server() {
  rm -f "$PGDATA/postmaster.pid" "$PGDATA"/sampledb-*.json 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
  # A volume's fsGroup makes directories group-writable, which the server refuses.
  chmod 0700 "$PGDATA" 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
}

write_result() {
  result="{\"id\": \"$SNAPSHOT\", \"method\": \"VolumeSnapshot\", \"databases\": $databases, \"tables\": $tables, \"rows\": $rows, \"seconds\": $(seconds), \"version\": \"$version\"}"
  { printf '%s\n' "$result" > "$marker.tmp" && sync "$marker.tmp" && mv "$marker.tmp" "$marker"; } 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
}

if grep -qsF "{\"id\": \"$SNAPSHOT\"," "$marker"; then
  succeed "$(cat "$marker")"
  exit 0
fi
guard
check_data
forget_the_old_server
look_at_preloaded_libraries
start_isolated "$bin" "$PGDATA" "$preload" || fail 65 "the server does not start on the data of the snapshot $SNAPSHOT: $(words)"
check_database "the snapshot $SNAPSHOT"
read_every_table
set_passwords
stop_isolated || fail 1 "the server does not stop: $(words)"
test "$(control "$bin" "$PGDATA" 'Database cluster state')" = "shut down" || fail 1 "the server was not shut down cleanly"
write_result
succeed "$result"
