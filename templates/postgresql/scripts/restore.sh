#!/bin/sh
# Restores a backup into a new data directory, which nobody can reach before it is whole.
#
# Reads: BACKUP_DIR BACKUP_ID BACKUP_SHA256 (what it must be; empty: what its manifest says)
#        PGDATA CONFIG_DIR PGUSER (the superuser)
#        POSTGRES_PASSWORD OWNER OWNER_PASSWORD (set afterwards; empty: as in the backup)
#        INIT_DATABASE (if any: the backup must have it)
#        ALLOW_UNVERIFIED (1: also one without a manifest, or that was not finished; if any)
#        DRILL (1: only try, in DRILL_DIR, of which nothing is kept) DRILL_DIR
#        PGSOCKETDIR TMPDIR TERMINATION_LOG
# Every file is read and compared with its sum before anything is made of it. The directory is
# made as PGDATA.partial and renamed when it is whole, with the result in it: found again, it
# is the result. A half one is removed, and the restore begun anew.
# Exit codes: 65 = not from this backup or not to here, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=cluster.sh
. "$(dirname "$0")/cluster.sh"
# shellcheck source-path=SCRIPTDIR source=load.sh
. "$(dirname "$0")/load.sh"
# shellcheck source-path=SCRIPTDIR source=passwords.sh
. "$(dirname "$0")/passwords.sh"
export JOB="the restore" PGAPPNAME=sampledb-restore
test "$DRILL" != 1 || PGDATA="$DRILL_DIR/drill"
partial="$PGDATA.partial"
marker=sampledb-restore.json
backup="$BACKUP_DIR/$BACKUP_ID"
wanted=$(major_of postgres)
bin=$(dirname "$(readlink -f "$(command -v postgres)")")

undo() {
  end_isolated
  rm -rf "$partial"
}

# Of the manifest's own fields only: quotes within a name have a backslash there.
field() {
  sed -n "s/.*\"$1\": \"\\([^\"\\\\]*\\)\".*/\\1/p" "$backup/manifest.json" | head -n 1
}

# What would make it a verified one, when that is missing.
look_for_proof() {
  unproved=""
  if test ! -d "$backup" && test -d "$backup.partial"; then
    unproved="it was not finished"
    backup="$backup.partial"
  elif test -d "$backup" && test ! -f "$backup/manifest.json"; then
    unproved="it has no manifest.json"
  fi
  test -d "$backup" || fail 65 "there is no backup $BACKUP_ID on the backup volume"
  test -z "$unproved" || test "$(printenv ALLOW_UNVERIFIED || true)" = 1 ||
    fail 65 "the backup $BACKUP_ID was never verified: $unproved; to restore it all the same, set spec.restore.allowUnverified: every file of it is still compared with its sum"
}

# The list of sums is written after all that it names, and globals.sql is the last in it.
facts_without_manifest() {
  sha256=$(sha256sum < "$backup/SHA256SUMS" 2> "$errors" | cut -d ' ' -f 1)
  if test -f "$backup/data/PG_VERSION"; then
    method=Physical
    made_by=$(cat "$backup/data/PG_VERSION")
    last="data/backup_manifest"
  else
    method=Logical
    first=$(printf '%s\n' "$backup"/*.dump | head -n 1)
    made_by=$(pg_restore -l "$first" 2> "$errors" | sed -n 's/^; *Dumped from database version: *\([0-9.]*\).*/\1/p')
    last="globals.sql"
  fi
  test "$(sed -n '$s/^[0-9a-f]*  //p' "$backup/SHA256SUMS" 2> "$errors")" = "$last" ||
    fail 65 "the backup $BACKUP_ID is damaged: without a whole SHA256SUMS nothing tells whether its files are"
  test -n "$made_by" || fail 65 "the backup $BACKUP_ID is damaged: $(words)"
}

facts_of_manifest() {
  sha256=$(field sha256)
  test "$(sha256sum < "$backup/SHA256SUMS" 2> "$errors" | cut -d ' ' -f 1)" = "$sha256" ||
    fail 65 "the backup $BACKUP_ID is damaged: SHA256SUMS is not the one that its manifest.json names"
  method=$(field method)
  made_by=$(field version)
}

check_backup() {
  case "$BACKUP_ID" in "" | . | .. | */* | *.partial) fail 65 "\"$BACKUP_ID\" is not the id of a backup" ;; esac
  look_for_proof
  if test -n "$unproved"; then facts_without_manifest; else facts_of_manifest; fi
  test -z "$BACKUP_SHA256" || test "$BACKUP_SHA256" = "$sha256" ||
    fail 65 "the backup $BACKUP_ID is another one than was recorded: its sha256 is $sha256, and not $BACKUP_SHA256"
  (cd "$backup" && sha256sum --check --quiet --strict SHA256SUMS) > "$errors" 2>&1 ||
    fail 65 "the backup $BACKUP_ID is damaged: $(words)"
  major=$(printf '%s' "$made_by" | cut -d . -f 1)
  if test "$method" = Physical; then
    test "$major" = "$wanted" || fail 65 "the backup $BACKUP_ID is of PostgreSQL $made_by files, which PostgreSQL $wanted can't read: restore it with $major"
  fi
  test "$major" -le "$wanted" || fail 65 "the backup $BACKUP_ID is of PostgreSQL $made_by; it can't be restored into $wanted"
}

check_target() {
  test ! -e "$PGDATA/PG_VERSION" || fail 65 "there is a data directory already: a restore goes into a new one"
  if test -d "$PGDATA" && ! rmdir "$PGDATA" 2> /dev/null; then
    fail 65 "the data directory is not empty: a restore goes into a new one"
  fi
  rm -rf "$partial" 2> "$errors" || fail 1 "could not remove a half restored directory: $(words)"
  mkdir -p "$(dirname "$PGDATA")" 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
}

restore_logical() {
  make_cluster
  start_isolated "$bin" "$partial" "$loading $preload" || fail 1 "the new server does not start: $(words)"
  restore_globals "$backup/globals.sql" "$major"
  # shellcheck disable=SC2013 # names of digits
  for dump in $(sed -n 's/^[0-9a-f]*  \([0-9]*\.dump\)$/\1/p' "$backup/SHA256SUMS"); do
    restore_dump "$backup/$dump"
  done
  vacuumdb --all --analyze-only --no-password --quiet > /dev/null 2> "$errors" || fail 1 "the statistics could not be gathered: $(words)"
}

# The copy is what is verified: all of the backup was read for it.
restore_physical() {
  cp -R "$backup/data" "$partial" 2> "$errors" || fail 1 "could not copy the backup: $(words)"
  chmod 0700 "$partial"
  pg_verifybackup "$partial" > "$TMPDIR/verify.log" 2> "$errors" || fail 65 "the backup $BACKUP_ID is damaged: $(words)"
  # What is said about the directory that was copied is not true of this one.
  rm -f "$partial/backup_manifest" "$partial/sampledb-upgrade.json" \
    "$partial/sampledb-dump-restore.json" "$partial/$marker"
  start_isolated "$bin" "$partial" "$preload" || fail 65 "the restored server does not start: $(words)"
}

write_result() {
  told=""
  test -z "$unproved" || told=", \"verified\": false, \"unproved\": \"$unproved\""
  result="{\"id\": \"$BACKUP_ID\", \"sha256\": \"$sha256\", \"method\": \"$method\", \"databases\": $databases, \"tables\": $tables, \"rows\": $rows, \"seconds\": $(seconds), \"version\": \"$version\"$told}"
  printf '%s\n' "$result" > "$partial/$marker" 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
}

if test -f "$PGDATA/$marker"; then
  grep -qF "{\"id\": \"$BACKUP_ID\"," "$PGDATA/$marker" || fail 65 "the data directory was restored from another backup: a restore goes into a new one"
  succeed "$(cat "$PGDATA/$marker")"
  exit 0
fi
guard
check_target
check_backup
look_at_preloaded_libraries
case "$method" in
  Logical) restore_logical ;;
  Physical) restore_physical ;;
  *) fail 65 "the backup $BACKUP_ID was made by the method \"$method\", which is not known here" ;;
esac
check_database "the backup $BACKUP_ID"
read_every_table
set_passwords
stop_isolated || fail 1 "the restored server does not stop: $(words)"
test "$(control "$bin" "$partial" 'Database cluster state')" = "shut down" || fail 1 "the restored server was not shut down cleanly"
write_result
if test "$DRILL" = 1; then
  rm -rf "$partial"
else
  put_in_place "$partial" "$PGDATA"
fi
succeed "$result"
