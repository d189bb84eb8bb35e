#!/bin/sh
# Build stage: the locked dependencies, the compiler among them. re2 is compiled here and not downloaded as a binary, so
# that everything in the image comes from the registry by its checksum in package-lock.json.
set -eu
cd "$(dirname "$0")/.."
RE2_DOWNLOAD_FORCE_BUILD=1 npm ci --include=dev --no-audit --no-fund --loglevel=error
node -e "new (require('re2'))('a+').test('a') || process.exit(1)"
