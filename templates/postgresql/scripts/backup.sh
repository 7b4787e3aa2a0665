#!/bin/sh
# Dumps every database and the globals into BACKUP_DIR/<id>, checked by reading all of it again.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) PGDATABASE (named in the result)
#        BACKUP_DIR KEEP MAX_AGE_DAYS (if any) REASON (Scheduled, Requested or Final)
#        TMPDIR TERMINATION_LOG WAIT_SECONDS
# SHA256SUMS has the sum of each file.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=backups.sh
. "$(dirname "$0")/backups.sh"
export JOB="the backup" PGAPPNAME=sampledb-backup

# By oid, since a database's name may be anything; the name goes through the
# environment, where libpq doesn't take it for a connection string.
dump() {
  file="$1.dump"
  name=$(query postgres "SELECT datname FROM pg_database WHERE oid = $1") || fail 1 "could not read a database's name: $(words)"
  PGDATABASE="$name" pg_dump -w --format=custom --file="$partial/$file" 2> "$errors" ||
    fail 1 "the dump of database $name failed: $(words)"
  check_dump "$file" || fail 1 "the dump of database $name can't be read back: $(words)"
  named=$(json_text "$name") || fail 1 "could not write the manifest: $(words)"
  test -z "$databases" || databases="$databases, "
  databases="$databases{\"name\": $named, \"file\": \"$file\"}"
}

# A full read: the table of contents alone would pass on a truncated dump.
check_dump() {
  pg_restore --file=/dev/null "$partial/$1" 2> "$errors"
}

dump_globals() {
  pg_dumpall -w --globals-only --file="$partial/globals.sql" 2> "$errors" || fail 1 "the dump of roles failed: $(words)"
  grep -q 'PostgreSQL database cluster dump complete' "$partial/globals.sql" ||
    fail 1 "the dump of roles is not complete"
}

sum_and_read_again() {
  (cd "$partial" && sha256sum -- *.dump globals.sql > SHA256SUMS) 2> "$errors" || fail 1 "could not write the sums: $(words)"
  sync "$partial" "$partial"/* 2> "$errors" || fail 1 "could not write the backup to disk: $(words)"
  (cd "$partial" && sha256sum --check --quiet --strict SHA256SUMS) > "$errors" 2>&1 ||
    fail 1 "the backup read back differs from what was written: $(words)"
}

begin_backup
databases=""
oids=$(query postgres "SELECT oid FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY oid") ||
  fail 1 "could not list the databases: $(words)"
for oid in $oids; do
  dump "$oid"
done
dump_globals
sum_and_read_again
finish_backup Logical "$(cat "$partial"/*.dump "$partial/globals.sql" "$partial/SHA256SUMS" | wc -c | tr -d ' ')" "[$databases]"
