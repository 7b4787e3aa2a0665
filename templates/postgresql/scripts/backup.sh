#!/bin/sh
# Dumps every database and the globals into BACKUP_DIR/<id>, checked by reading all of it again.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) PGDATABASE (named in the result)
#        BACKUP_DIR KEEP REASON (Scheduled, Requested or Final) TMPDIR TERMINATION_LOG WAIT_SECONDS
# A directory is a backup when its name has no `.partial` and it holds manifest.json, which
# is written last. The result's sha256 is that of SHA256SUMS, which has the sum of each file.
set -eu
umask 077
export PGCONNECT_TIMEOUT=10 PGAPPNAME=sampledb-backup LC_ALL=C
errors="$TMPDIR/backup-errors"
partial=""

fail() {
  trap - EXIT TERM INT
  test -z "$partial" || rm -rf "$partial"
  message=$1
  if grep -q 'No space left on device' "$errors" 2> /dev/null; then
    message="no space left on the backup volume: $message"
  fi
  printf '%s\n' "$message" >&2
  printf '%s\n' "$message" > "$TERMINATION_LOG"
  exit 1
}

# A program's own words, in one line.
words() {
  grep -v -e '^$' -e '^pg_dump: detail: Command was' "$errors" | head -n 4 |
    tr '\n' ' ' | cut -c 1-1000 | sed 's/ *$//'
}

query() {
  psql -X -q -A -t -w -v ON_ERROR_STOP=1 -d postgres -c "$1" 2> "$errors"
}

wait_for_server() {
  left="$WAIT_SECONDS"
  until pg_isready -q -t 3; do
    test "$left" -gt 0 || fail "the server at $PGHOST:$PGPORT did not accept connections within $WAIT_SECONDS s"
    left=$((left - 1))
    sleep 1
  done
}

log_in() {
  facts=$(query "SELECT split_part(current_setting('server_version'), ' ', 1) || ' ' || pg_current_wal_lsn()") && return
  if grep -q 'password authentication failed' "$errors"; then
    fail "the server refused the password of $PGUSER: its data was made with another Secret; restore that Secret's postgres-password"
  fi
  fail "could not connect: $(words)"
}

# What a killed run left behind; a run that still goes on has touched its files lately.
remove_leftovers() {
  for old in "$BACKUP_DIR"/*.partial; do
    test -d "$old" || continue
    test -n "$(find "$old" -mmin -360 | head -n 1)" || rm -rf "$old" || true
  done
}

json_text() {
  export JSON_TEXT="$1"
  psql -X -q -A -t -w -v ON_ERROR_STOP=1 -d postgres 2> "$errors" << 'SQL'
\getenv text JSON_TEXT
SELECT to_json(:'text'::text);
SQL
}

# By oid, since a database's name may be anything; the name goes through the
# environment, where libpq doesn't take it for a connection string.
dump() {
  file="$1.dump"
  name=$(query "SELECT datname FROM pg_database WHERE oid = $1") || fail "could not read a database's name: $(words)"
  PGDATABASE="$name" pg_dump -w --format=custom --file="$partial/$file" 2> "$errors" ||
    fail "the dump of database $name failed: $(words)"
  check_dump "$file" || fail "the dump of database $name can't be read back: $(words)"
  named=$(json_text "$name") || fail "could not write the manifest: $(words)"
  test -z "$databases" || databases="$databases, "
  databases="$databases{\"name\": $named, \"file\": \"$file\"}"
}

# A full read: the table of contents alone would pass on a truncated dump.
check_dump() {
  pg_restore --file=/dev/null "$partial/$1" 2> "$errors"
}

dump_globals() {
  pg_dumpall -w --globals-only --file="$partial/globals.sql" 2> "$errors" || fail "the dump of roles failed: $(words)"
  grep -q 'PostgreSQL database cluster dump complete' "$partial/globals.sql" ||
    fail "the dump of roles is not complete"
}

sum_and_read_again() {
  (cd "$partial" && sha256sum -- *.dump globals.sql > SHA256SUMS) 2> "$errors" || fail "could not write the sums: $(words)"
  sync "$partial" "$partial"/* 2> "$errors" || fail "could not write the backup to disk: $(words)"
  (cd "$partial" && sha256sum --check --quiet --strict SHA256SUMS) > "$errors" 2>&1 ||
    fail "the backup read back differs from what was written: $(words)"
  sha256=$(sha256sum < "$partial/SHA256SUMS" | cut -d ' ' -f 1)
  size=$(cat "$partial"/*.dump "$partial/globals.sql" "$partial/SHA256SUMS" | wc -c | tr -d ' ')
}

# Verified backups only (a manifest says so), newest kept, never the one just made,
# never a final one. Without its manifest a half removed directory is no backup.
prune() (
  cd "$BACKUP_DIR"
  test "$KEEP" -ge 1 || KEEP=1
  kept=0
  for manifest in $(printf '%s\n' [0-9]*T[0-9]*Z-*/manifest.json | sort -r); do
    old=$(dirname "$manifest")
    case "$old" in *.partial) continue ;; esac
    if test ! -f "$manifest" || grep -q '"reason": "Final"' "$manifest"; then
      continue
    fi
    kept=$((kept + 1))
    if test "$kept" -gt "$KEEP" && test "$old" != "$id"; then
      rm -f "$manifest"
      rm -rf "$old"
    fi
  done
)

write_manifest() {
  manifest="{\"id\": \"$id\", \"reason\": \"$REASON\", \"version\": \"$version\", \"method\": \"Logical\", \"size\": $size, \"sha256\": \"$sha256\", \"lsn\": \"$lsn\", \"startedAt\": \"$started\", \"finishedAt\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\", \"database\": $database, \"databases\": [$databases]}"
  if ! { printf '%s\n' "$manifest" > "$partial/manifest.tmp" && sync "$partial/manifest.tmp" &&
    mv "$partial/manifest.tmp" "$partial/manifest.json" && mv "$partial" "$BACKUP_DIR/$id"; } 2> "$errors"; then
    fail "could not write the manifest: $(words)"
  fi
  partial=""
  sync "$BACKUP_DIR/$id" "$BACKUP_DIR" || true
}

wait_for_server
log_in
version=$(printf '%s' "$facts" | cut -d ' ' -f 1)
lsn=$(printf '%s' "$facts" | cut -d ' ' -f 2)
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
id="$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')"
database=$(json_text "$PGDATABASE") || fail "could not write the manifest: $(words)"
trap 'fail "the backup was interrupted"' TERM INT
trap 'fail "the backup failed: $(words)"' EXIT
remove_leftovers
partial="$BACKUP_DIR/$id.partial"
mkdir "$partial" 2> "$errors" || fail "could not write to the backup volume: $(words)"

databases=""
oids=$(query "SELECT oid FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY oid") ||
  fail "could not list the databases: $(words)"
for oid in $oids; do
  dump "$oid"
done
dump_globals
sum_and_read_again
write_manifest
trap - EXIT TERM INT
test "$REASON" = Final || prune || printf '%s\n' "old backups could not be removed; tried again after the next backup" >&2

result="{\"id\": \"$id\", \"version\": \"$version\", \"method\": \"Logical\", \"size\": $size, \"sha256\": \"$sha256\", \"verified\": true, \"database\": $database}"
printf '%s\n' "$result"
printf '%s\n' "$result" > "$TERMINATION_LOG"
