#!/bin/sh
# Fills a new data directory from dumps. Sourced after cluster.sh.
#
# Reads: PGUSER (the superuser) TMPDIR, and of the script that sources it: partial wanted
# shellcheck disable=SC2034,SC2154 # for and from the scripts that source this one
# What is half done is thrown away: nothing has to be on disk before the end.
loading="-c fsync=off -c full_page_writes=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB"

# As start.sh makes it; the password is nobody's, and the backup's own follows.
make_cluster() {
  set --
  test "$wanted" -lt 17 || set -- --locale-provider=builtin --builtin-locale=C.UTF-8
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$TMPDIR/password"
  initdb --pgdata="$partial" --username="$PGUSER" --pwfile="$TMPDIR/password" --auth=scram-sha-256 \
    --data-checksums --encoding=UTF8 --locale=C.UTF-8 "$@" > "$TMPDIR/initdb.log" 2> "$errors" || fail 1 "initdb failed: $(words)"
  rm -f "$TMPDIR/password"
}

# restore_globals FILE MAJOR (of the pg_dumpall that wrote it). The superuser is there already,
# under the same name. Up to 15 whoever granted a membership is named, who may have had no right
# of his own in that role, which 16 refuses; its pg_dumpall leaves them out for that reason.
restore_globals() {
  granted=""
  test "$2" -ge 16 || granted='s/^\(GRANT .*\) GRANTED BY \("[^"]*"\)*\([^" ]*\);$/\1;/'
  sed -e "s/^CREATE ROLE \"*$PGUSER\"*;\$//" -e "$granted" "$1" > "$TMPDIR/globals.sql"
  PGDATABASE=template1 sql -f "$TMPDIR/globals.sql" > /dev/null || fail 65 "the roles could not be restored: $(words)"
  rm -f "$TMPDIR/globals.sql"
}

# restore_dump DUMP [DATABASE]: by way of a database that is not the dump's own.
# A database is made with the settings that it had, in place of one of this name; those of its
# settings that forbid writing come into force afterwards.
restore_dump() {
  PGOPTIONS="-c default_transaction_read_only=off" pg_restore --no-password --exit-on-error --clean --if-exists \
    --create --jobs="$(jobs_at_once)" --dbname="${2:-template1}" "$1" > "$TMPDIR/restore.log" 2> "$errors" ||
    fail 65 "the database $(pg_restore -l "$1" 2> /dev/null | sed -n 's/^; *dbname: //p') ($(basename "$1")) could not be restored: $(words)"
}
