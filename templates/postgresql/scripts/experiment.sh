#!/bin/sh
# Makes a fault, or waits for one that others make, and measures the time until the server answers.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD TMPDIR TERMINATION_LOG WAIT_SECONDS
#        ACTION (ServerCrash | PodKill | FillDisk | NetworkDeny)
#        BEGIN_SECONDS (within which a fault of others must be seen) FAULT_SECONDS (how long one
#        lasts) RECOVERY_SECONDS (how long a server is waited for)
#        VOLUME VOLUME_BYTES FILL_PERCENT (FillDisk: the mounted volume, what was asked of it, how full)
# Its result says what was seen; a failure says why nothing can be said.
# shellcheck disable=SC2154 # errors comes from job.sh
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="the experiment" PGAPPNAME=sampledb-experiment PGCONNECT_TIMEOUT=3
# shellcheck disable=SC2153 # VOLUME comes from the environment
filling="$VOLUME/sampledb-experiment.fill"
began_to_fill=""
said=""

# What was refused while the volume was full is no longer why.
undo() {
  test -z "$began_to_fill" || { rm -f "$filling" && : > "$errors"; }
}

# ask SQL: in a connection of its own, which a network that swallows packets can't hold up.
ask() {
  timeout 10 psql -X -q -A -t -w -v ON_ERROR_STOP=1 -d postgres -c "$1" 2> "$errors"
}

# Which server answers, and up to where its log is on disk.
look() {
  ask "SELECT extract(epoch FROM pg_postmaster_start_time()), pg_current_wal_flush_lsn()"
}

look_first() {
  log_in postgres postgres-password
  found=$(look) || fail 1 "could not look at the server before the fault: $(words)"
  first="${found%|*}" log="${found#*|}"
}

# await_another SECONDS: until another server answers; sets `away`. Fails when the first one stays.
await_another() {
  seen=$(date +%s)
  until="$((seen + $1))"
  while :; do
    found=$(look) || found=""
    now=$(date +%s)
    if test "${found%|*}" = "$first"; then
      seen="$now" log="${found#*|}"
      test "$now" -lt "$until" || fail 65 "the server was never away within $1 s"
    elif test -n "$found"; then
      away=$((now - seen))
      return
    else
      test $((now - seen)) -lt "$RECOVERY_SECONDS" || give_up
    fi
    sleep 1
  done
}

json() {
  printf '%s' "$1" | tr -d '\000-\037' | sed -e 's/[\\"]/\\&/g'
}

give_up() {
  test -n "$said" || said=$(words)
  succeed "{\"action\": \"$ACTION\", \"recovered\": false, \"said\": \"$(json "the server did not answer within $RECOVERY_SECONDS s: $said")\"}"
  exit 0
}

# What was committed before the fault is there when the log goes on behind it.
report() {
  kept=$(ask "SELECT CASE WHEN pg_current_wal_insert_lsn() >= '$log' THEN 'true' ELSE 'false' END") ||
    fail 1 "could not look at the server after the fault: $(words)"
  succeed "{\"action\": \"$ACTION\", \"recovered\": true, \"recoverySeconds\": $away, \"kept\": $kept$1}"
}

# An immediate shutdown: no checkpoint, every connection cut; the next start recovers from the log.
crash() {
  ask "COPY (SELECT 1) TO PROGRAM 'kill -QUIT \$(head -n 1 postmaster.pid)'" > /dev/null || true
}

# What FillDisk fills must end where the claim ends: a folder of a node's disk doesn't.
check_volume() {
  # shellcheck disable=SC2046 # words on purpose
  set -- $(df -P -k "$VOLUME" | tail -n 1)
  total="$2" used="$3" free="$4"
  test $((total * 1024)) -le $((VOLUME_BYTES + VOLUME_BYTES / 4)) ||
    fail 65 "the volume is a part of a file system of $((total / 1024)) MiB, larger than the $((VOLUME_BYTES / 1048576)) MiB that were asked for: filling it would harm others; FillDisk needs volumes that have a limit"
  goal=$((total * FILL_PERCENT / 100 - used))
  test "$goal" -gt 0 || fail 65 "the volume is fuller than $FILL_PERCENT % already"
  test "$goal" -le "$free" || goal="$free"
}

fill() {
  began_to_fill=yes
  fallocate -l "$((goal * 1024))" "$filling" 2> /dev/null || rm -f "$filling"
  # The rest, or all where the file system can't reserve; in the background, so that a signal is heard.
  missing=$((goal * 1024))
  test ! -e "$filling" || missing=0
  test "$FILL_PERCENT" -lt 100 || missing=$((missing + 1048576))
  head -c "$missing" /dev/zero >> "$filling" 2> /dev/null &
  wait "$!" || true
  filled=$(stat -c %s "$filling")
}

write() {
  ask "CREATE TEMP TABLE sampledb_experiment AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 2000)" > /dev/null
}

hold_full() {
  until="$(($(date +%s) + FAULT_SECONDS))"
  while test "$(date +%s)" -lt "$until"; do
    write || said=$(words)
    sleep 1
  done
}

empty() {
  rm -f "$filling"
  test ! -e "$filling" || fail 1 "could not remove $filling"
  began_to_fill=""
}

await_writes() {
  seen=$(date +%s)
  until write; do
    test $(($(date +%s) - seen)) -lt "$RECOVERY_SECONDS" || give_up
    sleep 1
  done
  away=$(($(date +%s) - seen))
}

# Connections that fail twice in a row are refused; a wrong password has got through.
is_refused() {
  for _ in 1 2; do
    ! ask "SELECT 1" > /dev/null || return 1
    ! grep -q 'authentication failed' "$errors" || fail 65 "could not log in: $(words)"
    sleep 1
  done
}

hold_refused() {
  begun=$(date +%s)
  until is_refused; do
    test $(($(date +%s) - begun)) -lt 120 ||
      fail 65 "every connection still comes through: this cluster's network does not enforce NetworkPolicies"
  done
  begun=$(date +%s)
  while test $(($(date +%s) - begun)) -lt "$FAULT_SECONDS"; do
    is_refused || fail 65 "connections came through again after $(($(date +%s) - begun)) s, before they were let in"
  done
}

guard
case "$ACTION" in
  ServerCrash)
    wait_for_server
    look_first
    crash
    await_another 60
    report ""
    ;;
  PodKill)
    wait_for_server
    look_first
    await_another "$BEGIN_SECONDS"
    report ""
    ;;
  FillDisk)
    wait_for_server
    look_first
    check_volume
    fill
    hold_full
    empty
    await_writes
    report ", \"filled\": $filled, \"said\": \"$(json "$said")\""
    ;;
  NetworkDeny)
    hold_refused
    succeed "{\"action\": \"$ACTION\", \"enforced\": true, \"refusedSeconds\": $(($(date +%s) - begun))}"
    ;;
  *) fail 65 "there is no experiment $ACTION" ;;
esac
