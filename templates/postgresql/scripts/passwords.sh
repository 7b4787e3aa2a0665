#!/bin/sh
# Passwords of roles. Sourced after job.sh, and reads what it reads.
#
# shellcheck disable=SC2154 # errors comes from job.sh
#
# set_password ROLE PASSWORD: psql makes the SCRAM verifier, and only that reaches the server;
# the password is on no command line and in no statement. psql asks for it on its terminal, or
# where there is none on standard input: so it is started without one.
set_password() {
  check_password "$1" "$2"
  without_terminal=""
  ! (: < /dev/tty) 2> /dev/null || without_terminal="setsid --wait"
  # shellcheck disable=SC2086 # nothing or two words, on purpose
  printf '%s\n%s\n' "$2" "$2" | ROLE="$1" PGDATABASE=postgres PGOPTIONS="-c password_encryption=scram-sha-256 \
-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1" \
    $without_terminal psql -X -q -w -v ON_ERROR_STOP=1 -c '\getenv role ROLE' -c '\password :"role"' > /dev/null 2> "$errors" ||
    fail 65 "the password of $1 could not be set: $(words)"
  # The question itself is among the words, and is none of an error.
  : > "$errors"
}

check_password() {
  test -n "$2" || fail 65 "the new password of $1 is empty"
  test "$(printf '%s' "$2" | wc -l)" -eq 0 || fail 65 "the new password of $1 contains a line break"
}

# Of a restored server: OWNER_PASSWORD and POSTGRES_PASSWORD; an empty one stays as it is.
set_passwords() {
  test -z "$OWNER_PASSWORD" || set_password "$OWNER" "$OWNER_PASSWORD"
  test -z "$POSTGRES_PASSWORD" || set_password "$PGUSER" "$POSTGRES_PASSWORD"
}
