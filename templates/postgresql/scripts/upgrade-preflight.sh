#!/bin/sh
# Says before the old server stops whether a major upgrade can work. Runs in the new image.
#
# Reads: PREFLIGHT (Live: ask the running server; Stopped: pg_upgrade --check, see upgrade.sh)
#        Live: STRATEGY (InPlace or DumpRestore), and in place OLD_PGDATA TRANSFER CHECKSUMS
#        Live: PGHOST PGPORT PGUSER PGPASSWORD (the superuser) TMPDIR TERMINATION_LOG WAIT_SECONDS
#        CONFIG_DIR CONFIG_SHA256 (the configuration that the new server is to start with)
# Changes nothing. Exit codes: 65 = the upgrade would be refused; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
case "$PREFLIGHT" in
  Live) ;;
  Stopped)
    export CHECK=1
    exec /bin/sh "$(dirname "$0")/upgrade.sh"
    ;;
  *) fail 65 "PREFLIGHT is $PREFLIGHT; it may be Live or Stopped" ;;
esac
export JOB="the check before the upgrade" PGAPPNAME=sampledb-preflight
# shellcheck source-path=SCRIPTDIR source=databases.sh
. "$(dirname "$0")/databases.sh"
# shellcheck source-path=SCRIPTDIR source=configuration.sh
. "$(dirname "$0")/configuration.sh"
undo() { end_tried; }
# shellcheck source-path=SCRIPTDIR source=majors.sh
. "$(dirname "$0")/majors.sh"
to=$(major_of postgres)

# In place: the volume's room, and what pg_upgrade would refuse. Makes `needed` known, in KiB.
check_in_place() {
  test "$tablespaces" -eq 0 || fail 65 "the server has tablespaces outside of its data directory, which this upgrade can't move: set spec.upgrade.strategy to DumpRestore, which does without them"
  test "$superuser" = "$PGUSER" || fail 65 "the server was made by the superuser $superuser, not by $PGUSER"
  test -f "$OLD_PGDATA/PG_VERSION" || fail 65 "there is no data directory at $OLD_PGDATA to upgrade"
  each_database check_columns_of_database
  choose_transfer
  needed=$(needed_in_place)
  check_space "$OLD_PGDATA" data "$needed" "the upgrade with the transfer $how"
}
guard
wait_for_server
log_in postgres postgres-password
facts=$(query postgres "SELECT current_setting('server_version_num')::int / 10000,
    split_part(current_setting('server_version'), ' ', 1), current_setting('data_checksums') = 'on',
    (SELECT sum(pg_database_size(oid))::bigint FROM pg_database),
    (SELECT count(*) FROM pg_database WHERE NOT datistemplate),
    (SELECT count(*) FROM pg_replication_slots),
    (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')),
    (SELECT rolname FROM pg_roles WHERE oid = 10)") || fail 1 "could not ask the old server: $(words)"
IFS='|' read -r from running summed size databases slots tablespaces superuser << FACTS
$facts
FACTS
test "$from" -lt "$to" || fail 65 "the server is PostgreSQL $from; it can't be upgraded to $to"
check_databases
check_running_settings
try_configuration
case "$STRATEGY" in
  InPlace) check_in_place ;;
  DumpRestore) needed=$(needed_to_move) ;;
  *) fail 65 "STRATEGY is $STRATEGY; it may be InPlace or DumpRestore" ;;
esac
case "$summed" in t) summed=true ;; *) summed=false ;; esac
succeed "{\"from\": \"$from\", \"to\": \"$to\", \"running\": \"$running\", \"size\": $size, \"needed\": $((needed * 1024)), \"checksums\": $summed, \"databases\": $databases, \"slots\": $slots, \"extensions\": [$(sort -u "$TMPDIR/all-extensions" | json_list)]}"
