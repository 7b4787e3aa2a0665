#!/bin/sh
# What the Jobs' scripts share. Sourced by them, and reads what they read:
#   TMPDIR TERMINATION_LOG, and of those that connect PGHOST PGPORT PGUSER PGPASSWORD WAIT_SECONDS
# A script that leaves something half done behind defines `undo`, which runs before a failure ends it.
set -eu
umask 077
export PGCONNECT_TIMEOUT=10 LC_ALL=C
errors="$TMPDIR/job-errors"
began=$(date +%s)
: > "$errors"

undo() { :; }

# Where there may be no space left, and the exit code when a password is refused.
volume=""
refused=65

# fail CODE MESSAGE. 65 = the input is wrong, trying again won't help; 1 = try again.
fail() {
  trap - EXIT TERM INT
  undo
  message=$(printf '%s' "$2" | tr '\n' ' ')
  if grep -q 'No space left on device' "$errors" 2> /dev/null; then
    message="no space left$volume: $message"
  fi
  printf '%s\n' "$message" >&2
  printf '%s\n' "$message" > "$TERMINATION_LOG"
  exit "$1"
}

# A program's own words, in one line.
words() {
  grep -v -e '^ *$' -e '^pg_dump: detail: Command was' "$errors" | sed -e 's|^psql:[^:]*<stdin>:[0-9]*: *||' -e 's|^psql: error: *||' |
    head -n 6 | tr '\n' ' ' | cut -c 1-1500 | sed 's/ *$//'
}

# succeed JSON: the result, on one line.
succeed() {
  trap - EXIT TERM INT
  printf '%s\n' "$1"
  printf '%s\n' "$1" > "$TERMINATION_LOG"
}

# A run that ends where nobody thought of it still says why, and undoes what it began.
guard() {
  trap 'fail 1 "$JOB was interrupted"' TERM INT
  trap 'fail 1 "$JOB failed: $(words)"' EXIT
}

seconds() {
  echo $(($(date +%s) - began))
}

# The major version of a program's --version.
major_of() {
  "$1" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
}

sql() {
  psql -X -q -A -t -w -v ON_ERROR_STOP=1 "$@" 2> "$errors"
}

# query DATABASE SQL. By the environment, where libpq doesn't take a name for a connection string.
query() {
  PGDATABASE="$1" sql -c "$2"
}

# each_database COMMAND…: runs it with DATABASE set to each name, which may be anything.
each_database() {
  oids=$(query postgres "SELECT oid FROM pg_database WHERE datallowconn AND datname <> 'template0' ORDER BY oid") ||
    fail 1 "could not list the databases: $(words)"
  for oid in $oids; do
    DATABASE=$(query postgres "SELECT datname FROM pg_database WHERE oid = $oid") ||
      fail 1 "could not read a database's name: $(words)"
    export DATABASE
    "$@"
  done
}

wait_for_server() {
  left="$WAIT_SECONDS"
  until pg_isready -q -t 3; do
    test "$left" -gt 0 || fail 1 "the server at $PGHOST:$PGPORT did not accept connections within $WAIT_SECONDS s"
    left=$((left - 1))
    sleep 1
  done
}

# log_in DATABASE KEY: the Secret's key that holds the password of PGUSER.
log_in() {
  query "$1" 'SELECT 1' > /dev/null && return
  if grep -q 'password authentication failed' "$errors"; then
    fail "$refused" "the server refused the password of $PGUSER: its data was made with another Secret; restore that Secret's $2"
  fi
  fail 1 "could not connect: $(words)"
}

# sizes_below DIRECTORY [TEST…]: of the files there, in bytes.
sizes_below() {
  find "$@" -type f -exec stat -c %s {} + | {
    total=0
    while read -r each; do
      total=$((total + each))
    done
    echo "$total"
  }
}

# Items of a JSON array, one a line on standard input and harmless, in quotes with commas between.
json_list() {
  sed -e 's/.*/"&"/' | tr '\n' ',' | sed -e 's/,$//' -e 's/,/, /g'
}
