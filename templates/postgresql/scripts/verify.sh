#!/bin/sh
# Asks the running server for its version, as an application would reach it.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD TMPDIR TERMINATION_LOG WAIT_SECONDS
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export PGAPPNAME=sampledb-verify

wait_for_server
version=$(query postgres "SELECT split_part(current_setting('server_version'), ' ', 1)") ||
  fail 1 "could not ask the server for its version: $(words)"
succeed "{\"version\": \"$version\"}"
