#!/bin/sh
# A server of this script's own on a data directory, which nobody else can reach. Sourced after job.sh.
#
# Reads: PGSOCKETDIR TMPDIR WAIT_SECONDS PGUSER (the superuser)
# No TCP; the socket's directory is the container's own, and only the superuser gets in, without a password.
# shellcheck disable=SC2154 # errors comes from job.sh
isolated_port=50432
isolated=""

control() {
  LC_ALL=C pg_controldata "$1" 2> "$errors" | sed -n "s/^$2: *//p"
}

allow_superuser_only() {
  printf 'local all all trust\n' > "$TMPDIR/isolated-hba.conf"
}

# start_isolated BIN DIRECTORY [OPTIONS]
start_isolated() {
  allow_superuser_only
  isolated_bin="$1"
  export PGHOST="$PGSOCKETDIR" PGPORT="$isolated_port"
  unset PGPASSWORD
  isolated="$2"
  "$1/pg_ctl" --pgdata="$2" --silent --wait --timeout="$WAIT_SECONDS" --log="$TMPDIR/isolated.log" -o "-p $isolated_port \
-c listen_addresses='' -c unix_socket_directories='$PGSOCKETDIR' -c unix_socket_permissions=0700 \
-c hba_file='$TMPDIR/isolated-hba.conf' -c logging_collector=off -c log_destination=stderr -c log_statement=none \
-c archive_mode=off -c jit=off -c ssl=off $3" start > "$errors" 2>&1 || {
    tail -n 3 "$TMPDIR/isolated.log" >> "$errors" 2> /dev/null || true
    return 1
  }
}

stop_isolated() {
  "$isolated_bin/pg_ctl" --pgdata="$isolated" --silent --wait --timeout=600 --mode=fast stop > "$errors" 2>&1 || return 1
  isolated=""
}

# Before a failure ends the script; the server may not be up.
end_isolated() {
  test -z "$isolated" ||
    "$isolated_bin/pg_ctl" --pgdata="$isolated" --silent --wait --mode=fast stop > /dev/null 2>&1 || true
  isolated=""
}

# To disk whole, then under its own name: a kill leaves nothing half made there.
put_in_place() {
  sync -f "$1" 2> "$errors" || fail 1 "could not write the data directory to disk: $(words)"
  mv "$1" "$2" 2> "$errors" || fail 1 "could not rename the data directory: $(words)"
  sync "$(dirname "$2")"
}
