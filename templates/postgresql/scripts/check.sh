#!/bin/sh
# Says whether the server's programs start with a configuration, and whether it will be in force. Changes nothing.
#
# Reads: CONFIG_DIR CONFIG_SHA256 TMPDIR TERMINATION_LOG WAIT_SECONDS
#        RUNNING ("" when there is no server to ask), else PGHOST PGPORT PGUSER PGPASSWORD (the superuser)
#        and, with commas between, CHANGED (names of parameters that are set anew) and AFFECTED (of all
#        that change, also by being taken away): it says which of these a restart is needed for
# Exit codes: 65 = the configuration is refused; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
# shellcheck source-path=SCRIPTDIR source=configuration.sh
. "$(dirname "$0")/configuration.sh"
export JOB="the check of the configuration"
undo() { end_tried; }

# What only the running server tells: what its data need at a start, and what wins over the file.
# One that doesn't answer may be waiting for this very change.
ask_running() {
  test -n "$RUNNING" && pg_isready -q -t 3 || return 0
  IFS='|' read -r prepared slots level << LIMITS
$limits
LIMITS
  in_the_way=$(query postgres "WITH slots AS (SELECT count(*) AS n, count(*) FILTER (WHERE slot_type = 'logical') AS logical FROM pg_replication_slots),
    prepared AS (SELECT count(*) AS n FROM pg_prepared_xacts),
    won AS (SELECT string_agg(DISTINCT name, ', ') AS names FROM pg_file_settings
      WHERE sourcefile LIKE '%/postgresql.auto.conf' AND lower(name) = ANY (string_to_array('$CHANGED', ',')))
    SELECT concat_ws('; ',
      CASE WHEN prepared.n > $prepared THEN format('there are %s prepared transactions and max_prepared_transactions would be $prepared: end them first', prepared.n) END,
      CASE WHEN slots.n > $slots THEN format('there are %s replication slots and max_replication_slots would be $slots: drop some first', slots.n) END,
      CASE WHEN slots.n > 0 AND '$level' = 'minimal' OR slots.logical > 0 AND '$level' <> 'logical'
        THEN 'there are replication slots that wal_level = $level has no use for: drop them first' END,
      CASE WHEN won.names IS NOT NULL THEN format('%s was set by ALTER SYSTEM, which wins over the SampleDB: ALTER SYSTEM RESET it', won.names) END)
    FROM slots, prepared, won") || return 0
  test -z "$in_the_way" || fail 65 "the changed configuration would not be in force: $in_the_way"
  found=$(query postgres "SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings
    WHERE context IN ('postmaster', 'internal') AND lower(name) = ANY (string_to_array('$AFFECTED', ','))") || return 0
  restart=", \"restart\": $found"
}

guard
restart=""
try_configuration
ask_running
succeed "{\"version\": \"$version\", \"checked\": \"$CONFIG_SHA256\"$restart}"
