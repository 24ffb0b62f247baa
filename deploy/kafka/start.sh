#!/bin/sh
# Start Apache Kafka. The first start formats the storage and creates a SCRAM user `mediasieve-ROLE` for every file in
# SECRETS, which is named after a role and holds the password.
set -eu
LIBS=${KAFKA_LIBS:-/opt/kafka/libs}
SECRETS=${SECRETS:-/run/secrets/kafka}
PROPERTIES=${PROPERTIES:-/etc/kafka/mediasieve.properties}
DATA=$(sed -n 's/^log\.dirs=//p' "$PROPERTIES")

if [ ! -e "$DATA/meta.properties" ]; then
  set --
  for file in "$SECRETS"/*; do
    [ -f "$file" ] || continue
    set -- "$@" --add-scram "SCRAM-SHA-512=[name=mediasieve-$(basename "$file"),password=$(cat "$file")]"
  done
  [ $# -gt 0 ] || { echo "$SECRETS has no passwords; run deploy/make-secrets.sh first" >&2; exit 1; }
  java -cp "$LIBS/*" kafka.tools.StorageTool format --config "$PROPERTIES" \
    --cluster-id "$(java -cp "$LIBS/*" kafka.tools.StorageTool random-uuid)" "$@"
fi
exec java ${KAFKA_HEAP_OPTS:--Xms512m -Xmx512m} -cp "$LIBS/*" kafka.Kafka "$PROPERTIES"
