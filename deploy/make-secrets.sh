#!/bin/sh
# Make the passwords that compose.yaml mounts, once: kafka/ROLE, clickhouse and grafana in deploy/secrets, or in the folder $1.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder/kafka"
cd "$folder"
for name in kafka/admin kafka/fingerprint kafka/match kafka/record kafka/publish kafka/users clickhouse grafana; do
  [ -s "$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$name"
done
# Containers read these files as their own users.
chmod 644 kafka/* clickhouse grafana
chmod 755 . kafka
