#!/bin/sh
# Starts the server; the first time it makes the data directory.
#
# Reads: PGDATA CONFIG_DIR PGSOCKETDIR TMPDIR LISTEN_ADDRESSES TERMINATION_LOG
#        POSTGRES_PASSWORD (the superuser's, used by the first start only)
#        CONFIG_SHA256 (of the postgresql.conf and pg_hba.conf that the Pod was made for) WAIT_SECONDS
# The mounted files.sha256 is of the files beside it, template.sha256 the CONFIG_SHA256 of Pods made now.
# PGDATA is <volume>/<major>/<name>, so that clusters of several majors are siblings.
# SIGTERM and SIGINT stop the server fast: clients are disconnected, nothing is lost.
set -eu
umask 077

fail() {
  printf '%s\n' "$1" >&2
  printf '%s\n' "$1" > "$TERMINATION_LOG"
  exit 1
}

# The words of a failed program: its last lines, joined into one.
words() {
  tail -n 3 "$1" | tr '\n' ' '
}

wanted=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
home=$(dirname "$PGDATA")
volume=$(dirname "$home")
name=$(basename "$PGDATA")

check_siblings() {
  for found in "$volume"/*/"$name"/PG_VERSION; do
    test -f "$found" || continue
    major=$(cat "$found")
    if test ! -e "$PGDATA/PG_VERSION" && test "$major" != "$wanted"; then
      fail "data of PostgreSQL $major found, $wanted wanted: set spec.version to \"$major\""
    fi
    if test "$major" -gt "$wanted"; then
      fail "data of PostgreSQL $major found beside that of $wanted, which is out of date: set spec.version to \"$major\""
    fi
  done
  for old in "$volume/PG_VERSION" "$volume/data/PG_VERSION" "$volume/pgdata/PG_VERSION"; do
    if test -f "$old"; then
      fail "data of PostgreSQL $(cat "$old") found in the volume's root, where this template pack doesn't keep it: move it to $(cat "$old")/$name"
    fi
  done
}

# Whether the mounted ConfigMap goes with this Pod, and which files it holds: `mounted`.
look_at_mounted() {
  { read -r template < "$CONFIG_DIR/template.sha256" && read -r mounted < "$CONFIG_DIR/files.sha256"; } 2> /dev/null &&
    test "$template" = "$CONFIG_SHA256"
}

# A mounted ConfigMap may lag behind the Pod that was made for its change: a server that starts
# is one that has the settings it was rendered with, or those that came later by a reload.
wait_for_configuration() {
  left="$WAIT_SECONDS"
  until look_at_mounted &&
    test "$(cat "$CONFIG_DIR/postgresql.conf" "$CONFIG_DIR/pg_hba.conf" | sha256sum | cut -d ' ' -f 1)" = "$mounted"; do
    test "$left" -gt 0 || fail "the ConfigMap in the cluster is not the one this Pod was rendered with: was it edited by hand? Let the applier restore it"
    left=$((left - 1))
    sleep 1
  done
  loaded="$mounted"
}

# The kubelet changes the mounted files while the server runs, which then reads them again.
follow_configuration() {
  while sleep 2 > /dev/null 2>&1; do
    look_at_mounted || continue
    test "$mounted" != "$loaded" || continue
    kill -HUP "$server" 2> /dev/null || return 0
    loaded="$mounted"
  done
}

# Into a sibling first, renamed when it is whole: a kill leaves nothing half made.
first_start() {
  test -n "$POSTGRES_PASSWORD" || fail "the Secret's key postgres-password is empty"
  test "$(printf '%s' "$POSTGRES_PASSWORD" | wc -l)" -eq 0 || fail "the Secret's key postgres-password contains a line break"
  if test -d "$PGDATA" && ! rmdir "$PGDATA" 2> /dev/null; then
    fail "the data directory has files but no PG_VERSION: it isn't a PostgreSQL cluster, and it isn't empty"
  fi
  mkdir -p "$home"
  rm -rf "$PGDATA.partial"
  printf '%s\n' "$POSTGRES_PASSWORD" > "$TMPDIR/password"
  # 17 brought a collation of its own that no update of the C library can change.
  provider=""
  test "$wanted" -lt 17 || provider="--locale-provider=builtin --builtin-locale=C.UTF-8"
  # shellcheck disable=SC2086 # two words on purpose
  if ! initdb --pgdata="$PGDATA.partial" --username=postgres --pwfile="$TMPDIR/password" \
    --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C.UTF-8 $provider \
    > "$TMPDIR/initdb.log" 2>&1; then
    rm -rf "$PGDATA.partial" "$TMPDIR/password"
    fail "initdb failed: $(words "$TMPDIR/initdb.log")"
  fi
  rm -f "$TMPDIR/password"
  mv "$PGDATA.partial" "$PGDATA"
  sync "$home"
}

trap 'exit 143' TERM INT
check_siblings
wait_for_configuration
if test -f "$PGDATA/PG_VERSION"; then
  found=$(cat "$PGDATA/PG_VERSION")
  test "$found" = "$wanted" || fail "data of PostgreSQL $found found, $wanted wanted: set spec.version to \"$found\""
else
  first_start
fi
# A volume's fsGroup makes directories group-writable, which the server refuses.
chmod 0700 "$PGDATA"
unset POSTGRES_PASSWORD

server=""
stopping=""
stop() {
  stopping=yes
  test -z "$server" || kill -INT "$server" 2> /dev/null || true
}
trap stop TERM INT
# Until it listens to it, the signal to read its files again must not end the server.
trap '' HUP
postgres -D "$PGDATA" \
  -c config_file="$CONFIG_DIR/postgresql.conf" \
  -c hba_file="$CONFIG_DIR/pg_hba.conf" \
  -c listen_addresses="$LISTEN_ADDRESSES" \
  -c unix_socket_directories="$PGSOCKETDIR" &
server=$!
test -z "$stopping" || stop
follow_configuration &
follower=$!
# wait returns early when a signal's trap has run: wait again until the server is gone.
code=0
wait "$server" || code=$?
while kill -0 "$server" 2> /dev/null; do
  code=0
  wait "$server" || code=$?
done
kill "$follower" 2> /dev/null || true
exit "$code"
