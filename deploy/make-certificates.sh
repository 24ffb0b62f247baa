#!/bin/sh
# Make an authority, and certificates of it for Kafka, ClickHouse and every role, in deploy/secrets/tls or in the folder $1.
# They are for trying out and for one machine: in production the authority that you have issues them.
# HOSTS are the names that clients reach the servers by. What exists is kept: delete a file to have it made again.
set -eu
folder=${1:-$(dirname "$0")/secrets/tls}
hosts=${HOSTS:-DNS:kafka,DNS:clickhouse,DNS:localhost,IP:127.0.0.1}
mkdir -p "$folder"
cd "$folder"

new_key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256"
if [ ! -s ca.pem ]; then
  # shellcheck disable=SC2086
  openssl req -x509 $new_key -days 3650 -subj "/CN=mediasieve authority" -keyout ca.key -out ca.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
fi

issue() { # name, extensions
  [ ! -s "$1.pem" ] || return 0
  printf '%s\n' "basicConstraints=CA:FALSE" "$2" > extensions
  # shellcheck disable=SC2086
  openssl req $new_key -subj "/CN=$1" -keyout "$1.key" -out request 2>/dev/null
  openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -sha256 -extfile extensions -out "$1.pem" 2>/dev/null
  rm -f extensions request
}

for server in kafka clickhouse; do
  issue "$server" "extendedKeyUsage=serverAuth
subjectAltName=$hosts"
done
for role in admin fingerprint match moderate record publish users; do
  issue "mediasieve-$role" "extendedKeyUsage=clientAuth"
done
cat kafka.key kafka.pem ca.pem > kafka-store.pem # as Kafka reads them
# Containers read these files as their own users; nobody but the owner reads the key that issues certificates.
chmod 644 ./*.pem ./*.key
chmod 600 ca.key
chmod 755 .
