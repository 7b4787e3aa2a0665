#!/bin/sh
# Upgrades a stopped data directory to the major version of the image, beside the old one.
#
# Reads: OLD_PGDATA PGDATA (siblings on one volume) OLD_BIN (see copy-programs.sh) CONFIG_DIR
#        TRANSFER (Auto, Clone, Copy or Link) CHECKSUMS (empty: as they are; on: switched on)
#        CHECK (1: only say whether it would work) PGUSER (the superuser)
#        PGSOCKETDIR TMPDIR TERMINATION_LOG
# The new directory is made as PGDATA.partial and renamed when it is whole, with the result in
# it: found again, it is the result. A half one is removed, and the upgrade begun anew. The old
# directory stays as it is; after Link it must not be started any more once the new one was.
# Exit codes: 65 = can't be upgraded so, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=cluster.sh
. "$(dirname "$0")/cluster.sh"
export JOB="the upgrade"
partial="$PGDATA.partial"
marker=sampledb-upgrade.json
new_bin=$(dirname "$(readlink -f "$(command -v postgres)")")
to=$(major_of postgres)

# While the old server is as after a crash, PGDATA.partial stays as the mark that we did it.
undo() {
  end_isolated
  bring_back_control
  test "$(control "$OLD_BIN" "$OLD_PGDATA" 'Database cluster state')" != "shut down" || rm -rf "$partial"
}

# What pg_upgrade does to the old directory in Link mode, undone: it may be started again
# as long as the new one never ran.
bring_back_control() {
  if test -f "$OLD_PGDATA/global/pg_control.old" && test ! -f "$OLD_PGDATA/global/pg_control" && test ! -e "$PGDATA/PG_VERSION"; then
    mv "$OLD_PGDATA/global/pg_control.old" "$OLD_PGDATA/global/pg_control"
  fi
}

check_input() {
  case "$TRANSFER" in Auto | Clone | Copy | Link) ;; *) fail 65 "TRANSFER is $TRANSFER; it may be Auto, Clone, Copy or Link" ;; esac
  case "$CHECKSUMS" in "" | on) ;; *) fail 65 "CHECKSUMS is $CHECKSUMS; it may be empty or on" ;; esac
  check_versions
  test ! -e "$PGDATA/PG_VERSION" || fail 65 "there is a data directory of PostgreSQL $to already, which no upgrade made: $PGDATA"
  mkdir -p "$(dirname "$PGDATA")" 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
  test "$(stat -c %d "$OLD_PGDATA")" = "$(stat -c %d "$(dirname "$PGDATA")")" ||
    fail 65 "the old and the new data directory are not on one volume"
  test -z "$(ls "$OLD_PGDATA/pg_tblspc")" || fail 65 "the old server has tablespaces outside of its data directory, which this upgrade can't move"
}

# A killed run may have left the old server as after a crash: that run's mark is PGDATA.partial.
check_shutdown() {
  state=$(control "$OLD_BIN" "$OLD_PGDATA" 'Database cluster state')
  test -n "$state" || fail 65 "the control file of the old data directory can't be read: $(words)"
  if test "$state" != "shut down" && test ! -d "$partial"; then
    fail 1 "the old server was not shut down cleanly (pg_controldata: $state): start it with version $from and stop it again"
  fi
  note_stop
  mkdir -p "$partial" 2> "$errors" || fail 1 "could not write to the data volume: $(words)"
}

# One fact a line, in this order.
ask_old_server() {
  query template1 "SELECT rolname FROM pg_roles WHERE oid = 10" > "$TMPDIR/superuser" || fail 65 "the superuser $PGUSER can't log in to the old server: $(words)"
  test "$(cat "$TMPDIR/superuser")" = "$PGUSER" ||
    fail 65 "the old server was made by the superuser $(cat "$TMPDIR/superuser"), not by $PGUSER"
  query template1 "SELECT pg_encoding_to_char(encoding), datcollate, datctype,
      coalesce(to_jsonb(d)->>'datlocprovider', 'c'),
      coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', '')
    FROM pg_database d WHERE datname = 'template0'" > "$TMPDIR/locale" || fail 1 "could not read the old server's locale: $(words)"
  size=$(query template1 "SELECT sum(pg_database_size(oid))::bigint FROM pg_database") || fail 1 "could not read the old server's size: $(words)"
  databases=$(query template1 "SELECT count(*) FROM pg_database WHERE NOT datistemplate") || fail 1 "could not count the old server's databases: $(words)"
  check_databases
}

look_at_old_server() {
  start_isolated "$OLD_BIN" "$OLD_PGDATA" "$preload" || fail 1 "the old server does not start: $(words)"
  ask_old_server
  stop_isolated || fail 1 "the old server does not stop: $(words)"
  rm -rf "$partial"
  mkdir "$partial"
}

make_new_cluster() {
  summed=false
  set -- --no-data-checksums
  test "$to" -ge 18 || set --
  if test "$(control "$OLD_BIN" "$OLD_PGDATA" 'Data page checksum version')" != 0; then
    summed=true
    set -- --data-checksums
  fi
  segment=$(control "$OLD_BIN" "$OLD_PGDATA" 'Bytes per WAL segment')
  IFS='|' read -r encoding collate ctype provider locale < "$TMPDIR/locale"
  case "$provider" in
    i) set -- "$@" --locale-provider=icu --icu-locale="$locale" ;;
    b) set -- "$@" --locale-provider=builtin --builtin-locale="$locale" ;;
    *) test "$to" -lt 15 || set -- "$@" --locale-provider=libc ;;
  esac
  initdb --pgdata="$partial" --username="$PGUSER" --auth=trust --wal-segsize="$((segment / 1048576))" \
    --encoding="$encoding" --lc-collate="$collate" --lc-ctype="$ctype" --lc-messages=C "$@" \
    > "$TMPDIR/initdb.log" 2> "$errors" || fail 65 "the new data directory can't be made like the old one: $(words)"
}

# pg_upgrade's last lines, and the lists that it wrote and only names.
upgrade_words() {
  {
    grep -v -e '^ *$' -e 'ok$' -e '^---' -e '^Performing' "$TMPDIR/pg_upgrade.log" | tail -n 12
    find "$partial/pg_upgrade_output.d" -name '*.txt' -exec cat {} + 2> /dev/null | head -n 20
    if grep -q 'consult the last few lines\|Consult the last few lines' "$TMPDIR/pg_upgrade.log"; then
      find "$partial/pg_upgrade_output.d" -name '*.log' -exec grep -h -e ERROR -e FATAL -e error: {} + 2> /dev/null | tail -n 3
    fi
  } | tr -s ' \t\n' ' ' | cut -c 1-1500 | sed 's/ *$//'
}

run_pg_upgrade() {
  set -- --jobs="$(jobs_at_once)"
  case "$how" in Clone) set -- "$@" --clone ;; Link) set -- "$@" --link ;; *) ;; esac
  test "$CHECK" != 1 || set -- "$@" --check
  allow_superuser_only
  work="$TMPDIR/pg_upgrade"
  rm -rf "$work"
  mkdir "$work"
  unset PGHOST PGPORT
  (cd "$work" && pg_upgrade --old-bindir="$OLD_BIN" --new-bindir="$new_bin" --old-datadir="$OLD_PGDATA" --new-datadir="$partial" \
    --username="$PGUSER" --socketdir="$PGSOCKETDIR" --old-options="-c hba_file='$TMPDIR/isolated-hba.conf' -c jit=off $preload" \
    --new-options="$preload" "$@") > "$TMPDIR/pg_upgrade.log" 2>&1 && return
  cp "$TMPDIR/pg_upgrade.log" "$errors"
  find "$partial/pg_upgrade_output.d" -name '*.log' -exec grep -h 'No space left on device' {} + >> "$errors" 2> /dev/null || true
  if grep -q -e '^Performing Upgrade' -e 'could not connect' -e 'could not start' "$TMPDIR/pg_upgrade.log"; then
    fail 1 "pg_upgrade failed, and the old data is as it was: $(upgrade_words)"
  fi
  fail 65 "this database can't be upgraded to PostgreSQL $to as it is: $(upgrade_words)"
}

switch_checksums_on() {
  test "$CHECKSUMS" = on && test "$summed" = false || return 0
  pg_checksums --enable --pgdata="$partial" > "$TMPDIR/checksums.log" 2> "$errors" || fail 1 "checksums could not be switched on: $(words)"
  summed=true
}

if test -f "$PGDATA/$marker" && test "$CHECK" != 1; then
  succeed "$(cat "$PGDATA/$marker")"
  exit 0
fi
# shellcheck source-path=SCRIPTDIR source=databases.sh
. "$(dirname "$0")/databases.sh"
# shellcheck source-path=SCRIPTDIR source=majors.sh
. "$(dirname "$0")/majors.sh"
check_input
guard
bring_back_control
check_shutdown
look_at_preloaded_libraries
check_settings
look_at_old_server
choose_transfer
check_space "$OLD_PGDATA" data "$(needed_in_place)" "the upgrade with the transfer $how"
make_new_cluster
run_pg_upgrade
version=$(postgres --version | sed -e 's/^[^0-9]*//' -e 's/ .*//')
if test "$CHECK" = 1; then
  rm -rf "$partial"
  succeed "{\"checked\": true, \"from\": \"$from\", \"to\": \"$to\", \"version\": \"$version\", \"transfer\": \"$how\", \"size\": $size, \"checksums\": $summed, \"databases\": $databases}"
  exit 0
fi
switch_checksums_on
copy_settings
rm -rf "$partial/pg_upgrade_output.d"
result="{\"from\": \"$from\", \"to\": \"$to\", \"version\": \"$version\", \"seconds\": $(seconds), \"transfer\": \"$how\", \"size\": $size, \"checksums\": $summed, \"databases\": $databases, \"stoppedAt\": \"$stopped\"}"
printf '%s\n' "$result" > "$partial/$marker"
put_in_place "$partial" "$PGDATA"
succeed "$result"
