#!/bin/sh
# Gives the owner and the superuser new passwords, and logs in with them.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD (the superuser and its old password) DATABASE
#        OWNER OWNER_PASSWORD (the new one) POSTGRES_PASSWORD (the superuser's new one; empty: it stays)
#        TMPDIR TERMINATION_LOG WAIT_SECONDS
# A run that was killed goes on with whichever of the superuser's passwords is in force.
# Exit codes: 65 = a password or role is wrong, trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=passwords.sh
. "$(dirname "$0")/passwords.sh"
export JOB="the change of passwords" PGAPPNAME=sampledb-rotate

# log_in_as ROLE PASSWORD DATABASE
log_in_as() {
  PGUSER="$1" PGPASSWORD="$2" query "$3" 'SELECT 1' > /dev/null
}

use_password_in_force() {
  log_in_as "$PGUSER" "$PGPASSWORD" postgres && return
  if test -n "$POSTGRES_PASSWORD" && log_in_as "$PGUSER" "$POSTGRES_PASSWORD" postgres; then
    export PGPASSWORD="$POSTGRES_PASSWORD"
    return
  fi
  grep -q 'password authentication failed' "$errors" || fail 1 "could not connect: $(words)"
  fail 65 "the server refused both the old and the new password of $PGUSER: restore the Secret that its data was made with"
}

# rotate ROLE PASSWORD DATABASE
rotate() {
  exists=$(ROLE="$1" PGDATABASE=postgres sql << 'SQL'
\getenv role ROLE
SELECT count(*) FROM pg_roles WHERE rolname = :'role' AND rolcanlogin;
SQL
  ) || fail 1 "could not look for the role $1: $(words)"
  test "$exists" -eq 1 || fail 65 "there is no role $1 that can log in"
  set_password "$1" "$2"
  log_in_as "$1" "$2" "$3" || fail 1 "the new password of $1 does not let it in: $(words)"
}

guard
check_password "$OWNER" "$OWNER_PASSWORD"
test -z "$POSTGRES_PASSWORD" || check_password "$PGUSER" "$POSTGRES_PASSWORD"
wait_for_server
use_password_in_force
# shellcheck disable=SC2153 # DATABASE comes from the environment
rotate "$OWNER" "$OWNER_PASSWORD" "$DATABASE"
export SUPERUSER=""
if test -n "$POSTGRES_PASSWORD"; then
  rotate "$PGUSER" "$POSTGRES_PASSWORD" postgres
  export PGPASSWORD="$POSTGRES_PASSWORD" SUPERUSER="$PGUSER"
fi
result=$(PGDATABASE=postgres sql << 'SQL'
\getenv owner OWNER
\getenv superuser SUPERUSER
SELECT json_build_object('rotated', array_remove(ARRAY[:'owner'::text, nullif(:'superuser'::text, '')], NULL),
  'version', split_part(current_setting('server_version'), ' ', 1));
SQL
) || fail 1 "could not read the server's version: $(words)"
succeed "$result"
