#!/bin/sh
# Run mediasieve in a container. Its root file system may be read-only; machine code is used from where it may be written,
# so the kernels that the build compiled are copied there first.
set -eu
if [ ! -d "$NUMBA_CACHE_DIR" ]; then
  mkdir -p "$NUMBA_CACHE_DIR.copy"
  cp -R "$COMPILED_KERNELS/." "$NUMBA_CACHE_DIR.copy"
  mv "$NUMBA_CACHE_DIR.copy" "$NUMBA_CACHE_DIR"
fi
# The store of thumbnails knows AWS's own variables only: a secret may be a file, as those of mediasieve.
for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do
  file="${MEDIASIEVE_SECRETS_DIR:-/run/secrets}/$name"
  [ ! -s "$file" ] || export "$name=$(cat "$file")"
done
exec mediasieve "$@"
