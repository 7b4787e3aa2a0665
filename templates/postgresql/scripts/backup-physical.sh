#!/bin/sh
# Copies the running server's files into BACKUP_DIR/<id>/data, and verifies the copy.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) PGDATABASE (named in the result)
#        BACKUP_DIR KEEP MAX_AGE_DAYS (if any) REASON (Scheduled, Requested or Final)
#        TMPDIR TERMINATION_LOG WAIT_SECONDS
# The server's pg_hba.conf must have a line for replication. The copy has all that a start needs.
# SHA256SUMS has the sum of backup_manifest, and that the sum of each file and the span of the log.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=backups.sh
. "$(dirname "$0")/backups.sh"
export JOB="the backup" PGAPPNAME=sampledb-backup

copy_server() {
  tablespaces=$(query postgres "SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')") ||
    fail 1 "could not ask the server: $(words)"
  test "$tablespaces" -eq 0 || fail 65 "the server has tablespaces outside of its data directory, which this backup can't copy"
  if ! pg_basebackup --pgdata="$partial/data" --format=plain --wal-method=stream --checkpoint=fast --label="$id" \
    --manifest-checksums=SHA256 --no-password > "$TMPDIR/basebackup.log" 2> "$errors"; then
    ! grep -q 'no pg_hba.conf entry for replication' "$errors" ||
      fail 65 "the server lets $PGUSER not copy its files: pg_hba.conf needs a line for replication"
    fail 1 "the copy of the server's files failed: $(words)"
  fi
  lsn=$(sed -n 's/^START WAL LOCATION: \([0-9A-F/]*\) .*/\1/p' "$partial/data/backup_label")
}

sum_and_read_again() {
  (cd "$partial" && sha256sum data/backup_manifest > SHA256SUMS) 2> "$errors" || fail 1 "could not write the sums: $(words)"
  sync -f "$partial" 2> "$errors" || fail 1 "could not write the backup to disk: $(words)"
  pg_verifybackup --quiet "$partial/data" > "$TMPDIR/verify.log" 2> "$errors" ||
    fail 1 "the backup read back differs from what was written: $(words)"
}

begin_backup
databases=$(query postgres "SELECT json_agg(json_build_object('name', datname) ORDER BY oid)::text FROM pg_database WHERE datallowconn AND NOT datistemplate") ||
  fail 1 "could not list the databases: $(words)"
copy_server
sum_and_read_again
finish_backup Physical "$(sizes_below "$partial")" "$databases"
