#!/bin/sh
# Asks the running server for its version, as an application would reach it; and when the server
# before it stopped: the last checkpoint, when no later one was made since this one started.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD TMPDIR TERMINATION_LOG WAIT_SECONDS
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export PGAPPNAME=sampledb-verify

wait_for_server
facts=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1), CASE
    WHEN checkpoint_time < pg_postmaster_start_time()
    THEN to_char(checkpoint_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END
  FROM pg_control_checkpoint()") ||
  fail 1 "could not ask the server for its version: $(words)"
IFS='|' read -r version stopped << FACTS
$facts
FACTS
succeed "{\"version\": \"$version\", \"stoppedAt\": \"$stopped\"}"
