#!/bin/sh
# What all methods of backup share. Sourced after job.sh.
#
# Reads: BACKUP_DIR KEEP MAX_AGE_DAYS (if any) REASON (Scheduled, Requested or Final) PGDATABASE
#        VERIFY (if Restore: the backup is restored in DRILL_DIR before it counts), and then
#        DRILL_DIR CONFIG_DIR PGSOCKETDIR
# A directory is a backup when its name has no `.partial` and it holds manifest.json, which
# is written last. The result's sha256 is that of SHA256SUMS.
# shellcheck disable=SC2034,SC2154 # what job.sh reads, and what it sets
partial=""
volume=" on the backup volume"
refused=1

undo() {
  test -z "$partial" || rm -rf "$partial"
}

# What a killed run left behind; a run that still goes on has touched its files lately.
remove_leftovers() {
  for old in "$BACKUP_DIR"/*.partial; do
    test -d "$old" || continue
    test -n "$(find "$old" -mmin -360 | head -n 1)" || rm -rf "$old" || true
  done
}

json_text() {
  JSON_TEXT="$1" PGDATABASE=postgres sql << 'SQL'
\getenv text JSON_TEXT
SELECT to_json(:'text'::text);
SQL
}

# As far as clocks may be apart, in seconds.
tolerance=300

# Makes the directory `partial`, and `id`, `version`, `lsn`, `started` and `clock_ahead` known: how
# many seconds this node's clock is ahead of the server's.
begin_backup() {
  wait_for_server
  log_in postgres postgres-password
  facts=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1) || ' ' || pg_current_wal_lsn() || ' ' || extract(epoch FROM clock_timestamp())::bigint") ||
    fail 1 "could not connect: $(words)"
  version=$(printf '%s' "$facts" | cut -d ' ' -f 1)
  lsn=$(printf '%s' "$facts" | cut -d ' ' -f 2)
  clock_ahead=$(($(date +%s) - $(printf '%s' "$facts" | cut -d ' ' -f 3)))
  started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  id="$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')"
  database=$(json_text "$PGDATABASE") || fail 1 "could not write the manifest: $(words)"
  guard
  remove_leftovers
  partial="$BACKUP_DIR/$id.partial"
  mkdir "$partial" 2> "$errors" || fail 1 "could not write to the backup volume: $(words)"
}

# Writes `manifest` into the directory, which is no backup while its name ends with .partial.
write_manifest() {
  { printf '%s}\n' "$manifest" > "$partial/manifest.tmp" && sync "$partial/manifest.tmp" &&
    mv "$partial/manifest.tmp" "$partial/manifest.json"; } 2> "$errors" || fail 1 "could not write the manifest: $(words)"
}

# Makes a server of the backup that nobody can reach, has every table read, and keeps nothing of it.
# Makes `drilled` known: what was found, as the end of a JSON object.
drill() {
  told="$DRILL_DIR/told"
  { mkdir -p "$DRILL_DIR/backups" "$DRILL_DIR/tmp" && ln -s "$partial" "$DRILL_DIR/backups/$id"; } 2> "$errors" ||
    fail 1 "could not write to the volume of the drill: $(words)"
  if ! env -u PGHOST -u PGPORT -u PGPASSWORD -u PGDATABASE DRILL=1 BACKUP_DIR="$DRILL_DIR/backups" BACKUP_ID="$id" \
    BACKUP_SHA256="$sha256" OWNER="" OWNER_PASSWORD="" POSTGRES_PASSWORD="" TMPDIR="$DRILL_DIR/tmp" \
    TERMINATION_LOG="$told" /bin/sh "$(dirname "$0")/restore.sh" > "$DRILL_DIR/output" 2>&1; then
    fail 1 "the backup could be written and not restored, so it is not kept, and the older ones are: $(cat "$told" 2> /dev/null || tail -n 3 "$DRILL_DIR/output")"
  fi
  drilled=", \"verify\": \"Restore\", $(sed 's/.*\("tables": [0-9]*, "rows": [0-9]*\).*/\1/' "$told")"
}

# finish_backup METHOD SIZE DATABASES: with its manifest the directory becomes a backup.
finish_backup() {
  sha256=$(sha256sum < "$partial/SHA256SUMS" | cut -d ' ' -f 1)
  manifest="{\"id\": \"$id\", \"reason\": \"$REASON\", \"version\": \"$version\", \"method\": \"$1\", \"size\": $2, \"sha256\": \"$sha256\", \"lsn\": \"$lsn\", \"startedAt\": \"$started\", \"finishedAt\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\", \"database\": $database, \"databases\": $3"
  drilled=""
  write_manifest
  if test "$(printenv VERIFY || true)" = Restore; then
    drill
    manifest="$manifest$drilled"
    write_manifest
  fi
  mv "$partial" "$BACKUP_DIR/$id" 2> "$errors" || fail 1 "could not put the backup in its place: $(words)"
  partial=""
  sync "$BACKUP_DIR/$id" "$BACKUP_DIR" || true
  trap - EXIT TERM INT
  test "$REASON" = Final || prune || printf '%s\n' "old backups could not be removed; tried again after the next backup" >&2
  succeed "{\"id\": \"$id\", \"version\": \"$version\", \"method\": \"$1\", \"size\": $2, \"sha256\": \"$sha256\", \"verified\": true, \"database\": $database$drilled$(told_clock)}"
}

# What the result says of clocks that are apart.
told_clock() {
  test "${clock_ahead#-}" -le "$tolerance" || printf ', "clockAhead": %s' "$clock_ahead"
}

# now_less SECONDS: the digits of an id's time, that long ago by the earlier of the two clocks.
now_less() {
  now=$(date +%s)
  test "$clock_ahead" -le 0 || now=$((now - clock_ahead))
  date -u -d "@$((now - $1))" +%Y%m%d%H%M%S
}

# The digits of an id's time, from which on backups are young enough; 0 = all are.
oldest_kept() {
  days=$(printenv MAX_AGE_DAYS || true)
  case "$days" in "" | 0 | *[!0-9]*) echo 0 ;; *) now_less "$((days * 86400))" ;; esac
}

# Verified backups only (a manifest says so): those beyond KEEP and those that are too old go,
# never the one just made, never a final one. One of a time to come, which a clock that was wrong has
# named, neither counts nor goes before its time: it would push out those that are newer.
# Without its manifest a half removed directory is no backup.
prune() (
  cd "$BACKUP_DIR" || exit 1
  test "$KEEP" -ge 1 || KEEP=1
  oldest=$(oldest_kept)
  newest=$(now_less "-$tolerance")
  kept=0
  for manifest in $(printf '%s\n' [0-9]*T[0-9]*Z-*/manifest.json | sort -r); do
    old=$(dirname "$manifest")
    case "$old" in *.partial) continue ;; esac
    if test ! -f "$manifest" || grep -q '"reason": "Final"' "$manifest"; then
      continue
    fi
    taken=$(printf '%s' "$old" | sed -e 's/-.*//' -e 's/[^0-9]//g')
    test "$taken" -le "$newest" || continue
    kept=$((kept + 1))
    if test "$old" != "$id" && { test "$kept" -gt "$KEEP" || test "$taken" -lt "$oldest"; }; then
      rm -f "$manifest"
      rm -rf "$old"
    fi
  done
)
