#!/usr/bin/env bash
# Runs COMMAND with a private, throw-away PostgreSQL: with_postgres.sh COMMAND [ARGUMENT...]
# Its address is in TRUNKGUARD_TEST_DATABASE_URL; one that is set already is used instead.
# TRUNKGUARD_TEST_DURABLE=1 keeps fsync on, for measurements.
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
[ -z "${TRUNKGUARD_TEST_DATABASE_URL:-}" ] || exec "$@"

postgres=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/postgres
dir=$(mktemp -u /tmp/trunkguard-test-XXXXXXXX)
trap '"$postgres" down "$dir"' EXIT
options=()
[ "${TRUNKGUARD_TEST_DURABLE:-0}" = 0 ] || options=(-c fsync=on)
"$postgres" up "$dir" "${options[@]}"
export TRUNKGUARD_TEST_DATABASE_URL="host=$dir/socket user=postgres dbname=postgres"
"$@"
