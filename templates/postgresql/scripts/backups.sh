#!/bin/sh
# What all methods of backup share. Sourced after job.sh.
#
# Reads: BACKUP_DIR KEEP MAX_AGE_DAYS (if any) REASON (Scheduled, Requested or Final) PGDATABASE
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

# Makes the directory `partial`, and `id`, `version`, `lsn` and `started` known.
begin_backup() {
  wait_for_server
  log_in postgres postgres-password
  facts=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1) || ' ' || pg_current_wal_lsn()") ||
    fail 1 "could not connect: $(words)"
  version=$(printf '%s' "$facts" | cut -d ' ' -f 1)
  lsn=$(printf '%s' "$facts" | cut -d ' ' -f 2)
  started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  id="$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')"
  database=$(json_text "$PGDATABASE") || fail 1 "could not write the manifest: $(words)"
  guard
  remove_leftovers
  partial="$BACKUP_DIR/$id.partial"
  mkdir "$partial" 2> "$errors" || fail 1 "could not write to the backup volume: $(words)"
}

# finish_backup METHOD SIZE DATABASES: with its manifest the directory becomes a backup.
finish_backup() {
  sha256=$(sha256sum < "$partial/SHA256SUMS" | cut -d ' ' -f 1)
  manifest="{\"id\": \"$id\", \"reason\": \"$REASON\", \"version\": \"$version\", \"method\": \"$1\", \"size\": $2, \"sha256\": \"$sha256\", \"lsn\": \"$lsn\", \"startedAt\": \"$started\", \"finishedAt\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\", \"database\": $database, \"databases\": $3}"
  if ! { printf '%s\n' "$manifest" > "$partial/manifest.tmp" && sync "$partial/manifest.tmp" &&
    mv "$partial/manifest.tmp" "$partial/manifest.json" && mv "$partial" "$BACKUP_DIR/$id"; } 2> "$errors"; then
    fail 1 "could not write the manifest: $(words)"
  fi
  partial=""
  sync "$BACKUP_DIR/$id" "$BACKUP_DIR" || true
  trap - EXIT TERM INT
  test "$REASON" = Final || prune || printf '%s\n' "old backups could not be removed; tried again after the next backup" >&2
  succeed "{\"id\": \"$id\", \"version\": \"$version\", \"method\": \"$1\", \"size\": $2, \"sha256\": \"$sha256\", \"verified\": true, \"database\": $database}"
}

# The digits of an id's time, from which on backups are young enough; 0 = all are.
oldest_kept() {
  days=$(printenv MAX_AGE_DAYS || true)
  case "$days" in "" | 0 | *[!0-9]*) echo 0 ;; *) date -u -d "@$(($(date +%s) - days * 86400))" +%Y%m%d%H%M%S ;; esac
}

# Verified backups only (a manifest says so): those beyond KEEP and those that are too old go,
# never the one just made, never a final one. Without its manifest a half removed directory is no backup.
prune() (
  cd "$BACKUP_DIR" || exit 1
  test "$KEEP" -ge 1 || KEEP=1
  oldest=$(oldest_kept)
  kept=0
  for manifest in $(printf '%s\n' [0-9]*T[0-9]*Z-*/manifest.json | sort -r); do
    old=$(dirname "$manifest")
    case "$old" in *.partial) continue ;; esac
    if test ! -f "$manifest" || grep -q '"reason": "Final"' "$manifest"; then
      continue
    fi
    kept=$((kept + 1))
    taken=$(printf '%s' "$old" | sed -e 's/-.*//' -e 's/[^0-9]//g')
    if test "$old" != "$id" && { test "$kept" -gt "$KEEP" || test "$taken" -lt "$oldest"; }; then
      rm -f "$manifest"
      rm -rf "$old"
    fi
  done
)
