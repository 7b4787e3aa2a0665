#!/bin/sh
# Succeeds when the server accepts connections. Reads: PGSOCKETDIR
set -eu
exec pg_isready --quiet --host="$PGSOCKETDIR" --port=5432 --timeout=3
