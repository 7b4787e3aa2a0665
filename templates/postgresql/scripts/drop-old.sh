#!/bin/sh
# Removes the data directory of the old major version, when the new one has run.
#
# Reads: OLD_PGDATA PGDATA TMPDIR TERMINATION_LOG
# PGDATA must hold upgrade.sh's result, and must have been started since: pg_control is younger.
# What is to go is renamed first, so that a killed run leaves nothing that looks like data.
# Already gone is success. Exit codes: 65 = refused, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="removing the old data"
removing="$OLD_PGDATA.removing"
marker="$PGDATA/sampledb-upgrade.json"

check() {
  test -f "$marker" || fail 65 "$PGDATA has not been made by a finished upgrade; the old data stays"
  from=$(sed -n 's/^{"from": "\([0-9]*\)".*/\1/p' "$marker")
  to=$(sed -n 's/.*"to": "\([0-9]*\)".*/\1/p' "$marker")
  test "$(cat "$PGDATA/PG_VERSION" 2> "$errors")" = "$to" || fail 65 "$PGDATA does not hold data of PostgreSQL $to; the old data stays"
  test "$(readlink -f "$OLD_PGDATA")" != "$(readlink -f "$PGDATA")" || fail 65 "the old and the new data directory are the same"
  test -n "$(find "$PGDATA/global/pg_control" -newer "$marker")" ||
    fail 65 "the new server has not been started since the upgrade; the old data stays"
  test ! -e "$OLD_PGDATA" || test "$(cat "$OLD_PGDATA/PG_VERSION" 2> "$errors")" = "$from" ||
    fail 65 "$OLD_PGDATA does not hold data of PostgreSQL $from; it stays"
}

guard
check
test ! -e "$OLD_PGDATA" || mv "$OLD_PGDATA" "$removing" 2> "$errors" || fail 1 "could not remove the old data: $(words)"
# Files that the new directory links too are still there afterwards.
freed=0
test ! -e "$removing" || freed=$(sizes_below "$removing" -links 1)
rm -rf "$removing" 2> "$errors" || fail 1 "could not remove the old data: $(words)"
rmdir "$(dirname "$OLD_PGDATA")" 2> /dev/null || true
succeed "{\"dropped\": \"$from\", \"kept\": \"$to\", \"freed\": $freed}"
