#!/bin/sh
# Has the running server read its changed configuration, and says what of it needs a restart after all.
#
# Reads: CONFIG_SHA256 (of the postgresql.conf and pg_hba.conf that the server is to have)
#        RELOAD_SECONDS (how long their way into its container may take) PGHOST PGPORT PGUSER PGPASSWORD (the superuser)
#        TMPDIR TERMINATION_LOG WAIT_SECONDS
# Exit codes: 65 = it isn't in force; 1 = try again.
# shellcheck disable=SC2154 # errors comes from job.sh
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="the reload of the configuration" PGAPPNAME=sampledb-reload

# A pg_hba.conf that lets the superuser in no more doesn't mend itself.
look_for_refusal() {
  ! grep -q 'pg_hba.conf' "$errors" || fail 65 "the server lets $PGUSER in no more, as every Job needs: $(words)"
}

# ask SQL: into `answer`, from a new session, which has what the server has.
ask() {
  answer=$(query postgres "$1") && return
  look_for_refusal
  return 1
}

# wait_until SQL WORDS: until the answer is true.
wait_until() {
  until ask "$1" && test "$answer" = t; do
    said=": $(words)"
    test "$said" != ": " || said=""
    test "$(seconds)" -lt "$RELOAD_SECONDS" || fail 65 "$2 within $RELOAD_SECONDS s$said"
    sleep 1
  done
}

has_files="(SELECT encode(sha256(pg_read_binary_file(current_setting('config_file')) ||
  pg_read_binary_file(current_setting('hba_file'))), 'hex') = '$CONFIG_SHA256')"

guard
wait_for_server
ask "SELECT 1" || log_in postgres postgres-password
wait_until "SELECT $has_files" "the changed ConfigMap has not come to the server's container"
# Whatever it has read before: after this moment it reads these files.
ask "SELECT extract(epoch FROM clock_timestamp())" || fail 1 "could not ask the server: $(words)"
since="$answer"
ask "SELECT pg_reload_conf()" || fail 1 "could not have the server read its configuration again: $(words)"
wait_until "SELECT extract(epoch FROM pg_conf_load_time()) > $since AND $has_files" "the server has not read its configuration again"
# What ALTER SYSTEM has set is in a file of its own, and no change of the SampleDB's. A parameter that
# was taken away is in none: its name is in the words only.
ask "WITH pending AS (SELECT lower(name) AS name FROM pg_settings WHERE pending_restart),
  wrong AS (SELECT format('%s = ''%s'': %s', name, setting, error) AS words FROM pg_file_settings AS own
      WHERE error IS NOT NULL AND NOT EXISTS (SELECT FROM pending WHERE pending.name = lower(own.name)
        OR own.name IS NULL AND strpos(lower(own.error), pending.name) > 0)
    UNION ALL SELECT format('line %s of pg_hba.conf: %s', line_number, error) FROM pg_hba_file_rules WHERE error IS NOT NULL)
  SELECT json_build_object('version', split_part(current_setting('server_version'), ' ', 1), 'reloaded', '$CONFIG_SHA256',
      'restart', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pending WHERE NOT EXISTS (SELECT FROM pg_file_settings AS own
        WHERE lower(own.name) = pending.name AND sourcefile LIKE '%/postgresql.auto.conf')))::text
    || E'\n' || (SELECT coalesce(string_agg(words, '; '), '') FROM wrong)" || fail 1 "could not ask the server: $(words)"
wrong=$(printf '%s\n' "$answer" | tail -n +2)
test -z "$wrong" || fail 65 "the server does not take the configuration: $wrong"
succeed "$answer"
