#!/bin/sh
# Removes what an experiment has left behind; where its network was cut off, sees the server answer.
#
# Reads: PGHOST PGPORT PGUSER PGPASSWORD TMPDIR TERMINATION_LOG
#        ACTION (see experiment.sh) VOLUME (mounted for FillDisk) RECOVERY_SECONDS
# Nothing there is success. Exit codes: 65 = trying again won't help; 1 = try again.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="the clean-up" PGAPPNAME=sampledb-mend PGCONNECT_TIMEOUT=3
# shellcheck disable=SC2153 # VOLUME comes from the environment
filling="$VOLUME/sampledb-experiment.fill"

guard
rm -f "$filling" 2> "$errors" || fail 1 "could not remove $filling: $(words)"
test ! -e "$filling" || fail 1 "could not remove $filling"
if test "$ACTION" = NetworkDeny; then
  until query postgres "SELECT 1" > /dev/null; do
    test "$(seconds)" -lt "$RECOVERY_SECONDS" || fail 65 "the server did not answer within $RECOVERY_SECONDS s: $(words)"
    sleep 1
  done
fi
succeed "{\"action\": \"$ACTION\", \"gone\": true, \"recovered\": true}"
