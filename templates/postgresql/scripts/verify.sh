#!/bin/sh
# Asks the running server for its version, as an application would reach it.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD TMPDIR TERMINATION_LOG WAIT_SECONDS
set -eu
export PGCONNECT_TIMEOUT=10 PGAPPNAME=sampledb-verify LC_ALL=C
errors="$TMPDIR/verify-errors"

fail() {
  printf '%s\n' "$1" >&2
  printf '%s\n' "$1" > "$TERMINATION_LOG"
  exit 1
}

words() {
  grep -v '^$' "$errors" | head -n 4 | tr '\n' ' ' | cut -c 1-1000 | sed 's/ *$//'
}

left="$WAIT_SECONDS"
until pg_isready -q -t 3; do
  test "$left" -gt 0 || fail "the server at $PGHOST:$PGPORT did not accept connections within $WAIT_SECONDS s"
  left=$((left - 1))
  sleep 1
done
version=$(psql -X -q -A -t -w -v ON_ERROR_STOP=1 -d postgres -c "SELECT split_part(current_setting('server_version'), ' ', 1)" 2> "$errors") ||
  fail "could not ask the server for its version: $(words)"

result="{\"version\": \"$version\"}"
printf '%s\n' "$result"
printf '%s\n' "$result" > "$TERMINATION_LOG"
