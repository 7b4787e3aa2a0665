#!/bin/sh
# Tries a configuration on a new, empty server of this image, which nobody can reach. Sourced after job.sh.
#
# Reads: CONFIG_DIR (postgresql.conf, pg_hba.conf) CONFIG_SHA256 (of both) TMPDIR WAIT_SECONDS
# What is read at a start is checked by a start; what is read by a session, by a session.
# shellcheck disable=SC2154 # errors comes from job.sh
tried="$TMPDIR/tried"

# A mounted ConfigMap may lag behind the Pod that was made for its change.
wait_for_configuration() {
  left="$WAIT_SECONDS"
  while test "$(cat "$CONFIG_DIR/postgresql.conf" "$CONFIG_DIR/pg_hba.conf" | sha256sum | cut -d ' ' -f 1)" != "$CONFIG_SHA256"; do
    test "$left" -gt 0 || fail 1 "the ConfigMap in the cluster is not the one this Job was rendered with: was it edited by hand? Let the applier restore it"
    left=$((left - 1))
    sleep 1
  done
}

# What a server says when it starts and ends is left out, and where the files lie.
refusal() {
  grep -v -e ' contains errors$' -e 'skipping missing configuration file' -e 'starting PostgreSQL' -e 'listening on' \
    -e 'database system ' -e 'received .* shutdown request' -e 'could not load ' -e '^ *$' -e '^pg_ctl: ' -e '^Examine the log' \
    -e '^waiting for server' -e '^stopped waiting' "$1" |
    sed -e 's/^\(LOG\|FATAL\|ERROR\|CONTEXT\|DETAIL\|postgres\|psql\): *//' -e 's/^error: .* failed: FATAL: *//' \
      -e "s| in file \"[^\"]*\" line [0-9]*||g" -e 's|configuration file "[^"]*"|pg_hba.conf|' |
    head -n 8 | tr '\n' ' ' | cut -c 1-1500 | sed -e 's/ *$//'
}

# refuse FILE: with the server's own words.
refuse() {
  fail 65 "PostgreSQL $version refuses the configuration: $(refusal "$1")"
}

end_tried() {
  test ! -f "$tried/data/postmaster.pid" || pg_ctl --pgdata="$tried/data" --silent --mode=immediate stop > /dev/null 2>&1 || true
  rm -rf "$tried"
}

# The memory is that of a small server: a large one would be charged twice. Nothing is archived.
try_configuration() {
  version=$(postgres --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/')
  wait_for_configuration
  end_tried
  mkdir -p "$tried"
  initdb --pgdata="$tried/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync > "$errors" 2>&1 ||
    fail 1 "could not make a server to try the configuration on: $(words)"
  # The first line is a comment: what is said of the others keeps its number.
  sed '1s/.*/local all all trust/' "$CONFIG_DIR/pg_hba.conf" > "$tried/pg_hba.conf"
  pg_ctl --pgdata="$tried/data" --silent --wait --timeout=120 --log="$tried/log" -o "-c config_file='$CONFIG_DIR/postgresql.conf' \
-c hba_file='$tried/pg_hba.conf' -c listen_addresses='' -c unix_socket_directories='$tried' -p 5432 -c unix_socket_permissions=0700 \
-c log_line_prefix='' -c log_destination=stderr -c logging_collector=off -c lc_messages=C -c fsync=off -c autovacuum=off \
-c shared_buffers=16MB -c huge_pages=off -c archive_command=/bin/true" start > "$errors" 2>&1 || {
    test -s "$tried/log" || refuse "$errors"
    refuse "$tried/log"
  }
  # A library may know more of its own parameters than the server did when it read them.
  unapplied=$(sql -h "$tried" -p 5432 -U postgres -d postgres -c "SELECT string_agg(format('%s = ''%s'': %s', name, setting, error), '; ')
    FROM pg_file_settings WHERE error IS NOT NULL AND lower(name) NOT IN ('unix_socket_permissions', 'log_line_prefix', 'log_destination',
    'lc_messages', 'fsync', 'autovacuum', 'shared_buffers', 'huge_pages', 'archive_command')") || refuse "$errors"
  if test -n "$unapplied"; then
    printf '%s\n' "$unapplied" > "$errors"
    refuse "$errors"
  fi
  # shellcheck disable=SC2034 # for the script that sources this one
  limits=$(sql -h "$tried" -p 5432 -U postgres -d postgres -c "SELECT current_setting('max_prepared_transactions'),
    current_setting('max_replication_slots'), current_setting('wal_level')") || fail 1 "could not ask the server that was tried: $(words)"
  end_tried
}
