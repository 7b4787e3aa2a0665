#!/bin/sh
# What stands in the way of a major upgrade, asked of the old server over libpq. Sourced after job.sh.
#
# Reads: PGHOST PGPORT PGUSER, and PGPASSWORD where the server wants one; runs in the new image.
check_extensions_of_database() {
  query "$DATABASE" "SELECT extname FROM pg_extension ORDER BY extname" > "$TMPDIR/extensions" ||
    fail 1 "could not list the extensions of the database $DATABASE: $(words)"
  while IFS= read -r extension; do
    test -f "$(pg_config --sharedir)/extension/$extension.control" ||
      fail 65 "the extension $extension of the database $DATABASE is not in the new image: choose an image that has it, or drop it"
    printf '%s\n' "$extension" >> "$TMPDIR/all-extensions"
  done < "$TMPDIR/extensions"
}

check_databases() {
  prepared=$(query template1 "SELECT count(*), min(gid), min(database) FROM pg_prepared_xacts") ||
    fail 1 "could not look for prepared transactions: $(words)"
  case "$prepared" in
    0\|*) ;;
    *) fail 65 "there are $(printf '%s' "$prepared" | cut -d '|' -f 1) prepared transactions, for example $(printf '%s' "$prepared" | cut -d '|' -f 2) in the database $(printf '%s' "$prepared" | cut -d '|' -f 3): commit or roll them back first" ;;
  esac
  : > "$TMPDIR/all-extensions"
  each_database check_extensions_of_database
}
