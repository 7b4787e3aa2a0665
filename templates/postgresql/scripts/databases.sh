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

# Neither pg_upgrade nor pg_dump gets into such a database.
check_connections() {
  name=$(query template1 "SELECT datname FROM pg_database WHERE datconnlimit = -2 ORDER BY oid LIMIT 1") ||
    fail 1 "could not list the databases: $(words)"
  test -z "$name" || fail 65 "the database $name was dropped halfway and can't be used any more: DROP DATABASE it"
  name=$(query template1 "SELECT datname FROM pg_database WHERE NOT datallowconn AND datname <> 'template0' ORDER BY oid LIMIT 1") ||
    fail 1 "could not list the databases: $(words)"
  test -z "$name" || fail 65 "the database $name lets nobody connect (datallowconn is false), so it can't be read: ALTER DATABASE … ALLOW_CONNECTIONS true, or drop it"
}

# pg_upgrade refuses them, after the server has stopped: their values are numbers of rows of
# system tables, which are others in the new server; of aclitem, because 16 writes it otherwise.
# shellcheck disable=SC2154 # from is upgrade-preflight.sh's
check_columns_of_database() {
  column=$(query "$DATABASE" "SELECT format('%I.%I.%I of the type %s', nspname, relname, attname, t.typname)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
      JOIN pg_type t ON t.oid = atttypid
    WHERE NOT attisdropped AND relkind IN ('r', 'p', 'm', 'i') AND nspname NOT IN ('pg_catalog', 'information_schema')
      AND (t.typname IN ('regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper', 'regoperator', 'regproc', 'regprocedure')
        OR $from < 16 AND t.typname IN ('aclitem', '_aclitem'))
      AND t.typnamespace = 'pg_catalog'::regnamespace
    ORDER BY 1 LIMIT 1") || fail 1 "could not list the columns of the database $DATABASE: $(words)"
  test -z "$column" || fail 65 "the database $DATABASE has the column $column, which pg_upgrade can't carry over: drop it, or give it another type such as text, or set spec.upgrade.strategy to DumpRestore"
}

# A minor release may mark columns by options of its own: 15.20 does, and a new image that is older
# than that (whatever its major) refuses what its own programs then write.
check_options_of_database() {
  query "$DATABASE" "SELECT DISTINCT split_part(o, '=', 1) FROM pg_attribute, unnest(attoptions) AS o WHERE attrelid >= 16384" > "$TMPDIR/options" ||
    fail 1 "could not list the columns' options of the database $DATABASE: $(words)"
  while IFS= read -r option; do
    grep -qF -e "$option" "$(command -v postgres)" ||
      fail 65 "the columns of the database $DATABASE have the option $option, which the new image's $(postgres --version) doesn't know: it is older than this server; choose an image of a later minor"
  done < "$TMPDIR/options"
}

check_databases() {
  check_connections
  prepared=$(query template1 "SELECT count(*), min(gid), min(database) FROM pg_prepared_xacts") ||
    fail 1 "could not look for prepared transactions: $(words)"
  case "$prepared" in
    0\|*) ;;
    *) fail 65 "there are $(printf '%s' "$prepared" | cut -d '|' -f 1) prepared transactions, for example $(printf '%s' "$prepared" | cut -d '|' -f 2) in the database $(printf '%s' "$prepared" | cut -d '|' -f 3): commit or roll them back first" ;;
  esac
  : > "$TMPDIR/all-extensions"
  each_database check_extensions_of_database
  each_database check_options_of_database
}
