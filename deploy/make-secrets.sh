#!/bin/sh
# Make the secrets that compose.yaml mounts, once: passwords kafka/ROLE, clickhouse and grafana, what signs sessions and
# callbacks, the key of the store of compose.s3.yaml, and what compose.cache.yaml needs; in deploy/secrets, or in the
# folder $1.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder/kafka" "$folder/cache"
cd "$folder"
for name in kafka/admin kafka/fingerprint kafka/lag kafka/match kafka/moderate kafka/record kafka/publish kafka/users clickhouse grafana api-secret callback-secret store-key store-secret cache/password; do
  [ -s "$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$name"
done
[ -s cache/address ] || printf 'redis://:%s@cache:6379/0' "$(cat cache/password)" > cache/address
# A key for the HTTP API that may do everything. keys.yaml has its hash; make narrower keys with `mediasieve keys new`.
mkdir -p api
if [ ! -s api/keys.yaml ]; then
  printf 'msk_%s' "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" > api/key
  printf 'keys:\n- name: operator\n  sha256: "%s"\n  roles: [admin]\n  collections: ["*"]\n' "$(sha256sum api/key | cut -d' ' -f1)" > api/keys.yaml
fi
# Containers read these files as their own users.
chmod 644 kafka/* api/* cache/* clickhouse grafana api-secret callback-secret store-key store-secret
chmod 755 . kafka api cache
