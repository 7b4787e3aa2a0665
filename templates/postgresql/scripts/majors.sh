#!/bin/sh
# What both ways to another major version share. Sourced after job.sh.
#
# Reads: OLD_PGDATA TRANSFER CHECKSUMS TMPDIR, and what the scripts that source it have found out:
#        OLD_BIN partial to size databases
# shellcheck disable=SC2034,SC2154 # errors comes from job.sh, the rest from and for who sources this
check_versions() {
  test -f "$OLD_PGDATA/PG_VERSION" || fail 65 "there is no data directory at $OLD_PGDATA to upgrade"
  from=$(cat "$OLD_PGDATA/PG_VERSION")
  test "$from" -lt "$to" || fail 65 "the data is of PostgreSQL $from; it can't be upgraded to $to"
  test "$(major_of "$OLD_BIN/postgres")" = "$from" || fail 65 "the old programs are of PostgreSQL $(major_of "$OLD_BIN/postgres"), and the data of $from"
}

# What ALTER SYSTEM has set comes along; the new server must understand it.
check_settings() {
  rm -rf "$TMPDIR/settings"
  mkdir "$TMPDIR/settings"
  cp "$OLD_PGDATA/postgresql.conf" "$OLD_PGDATA/postgresql.auto.conf" "$TMPDIR/settings/" 2> "$errors" || fail 1 "could not read the old settings: $(words)"
  try_settings
}

# The same, asked of the running server.
check_running_settings() {
  rm -rf "$TMPDIR/settings"
  mkdir "$TMPDIR/settings"
  : > "$TMPDIR/settings/postgresql.conf"
  PGDATABASE=postgres sql > "$TMPDIR/settings/postgresql.auto.conf" << 'SQL' || fail 1 "could not read the old settings: $(words)"
SELECT format('%s = ''%s''', name, replace(replace(setting, '\', '\\'), '''', ''''''))
  FROM pg_file_settings WHERE sourcefile LIKE '%/postgresql.auto.conf' ORDER BY seqno;
SQL
  try_settings
}

try_settings() {
  postgres -D "$TMPDIR/settings" -C data_directory > /dev/null 2> "$errors" ||
    fail 65 "PostgreSQL $to does not understand the old data directory's settings, ALTER SYSTEM RESET them first: $(words)"
}

# Neither way carries the files by which clients are let in over, nor what ALTER SYSTEM has set.
copy_settings() {
  for file in pg_hba.conf pg_ident.conf postgresql.conf postgresql.auto.conf; do
    cp "$OLD_PGDATA/$file" "$partial/$file" 2> "$errors" || fail 1 "could not copy $file: $(words)"
  done
}

# When the old server stopped; "" when an earlier run of ours was the last that stopped it.
note_stop() {
  stopped=""
  grep -q -e "$isolated_port" "$OLD_PGDATA/postmaster.opts" 2> /dev/null || stopped=$(shutdown_time "$OLD_BIN" "$OLD_PGDATA")
}

# A file system that clones does so with a file of ours too.
clones() {
  code=0
  cp --reflink=always "$OLD_PGDATA/PG_VERSION" "$OLD_PGDATA.clone" 2> /dev/null || code=1
  rm -f "$OLD_PGDATA.clone"
  return "$code"
}

choose_transfer() {
  how="$TRANSFER"
  if test "$how" = Auto; then
    how=Copy
    ! clones || how=Clone
  elif test "$how" = Clone && ! clones; then
    fail 65 "the data volume's file system can't clone files: set the transfer to Copy, Link or Auto"
  fi
  test "$how" != Link || test -z "$CHECKSUMS" ||
    fail 65 "checksums can't be switched on with the transfer Link: it would change the old files too"
}

# In KiB. With Clone and Link only what each database's catalogs need, and some room to work.
needed_in_place() {
  case "$how" in
    Copy) echo $((size / 1024 + 262144)) ;;
    *) echo $((databases * 16384 + 262144)) ;;
  esac
}

# In KiB: the data, their dump (which is compressed, and holds no indexes), and some room to work.
needed_to_move() {
  echo $((size / 1024 + size / 2048 + 262144))
}

# check_space DIRECTORY VOLUME KIB WHAT: what needs that much there.
check_space() {
  free=$(df -P -k "$1" | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)
  test "$free" -gt "$3" ||
    fail 65 "the $2 volume has $((free / 1024)) MiB free, and $4 needs $(($3 / 1024)): make it larger"
}
