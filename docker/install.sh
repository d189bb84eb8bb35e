#!/bin/sh
# Build stage: the locked dependencies, the compiler among them. re2 is compiled here and not downloaded as a binary, and
# native addons are compiled against the headers that Node's own image brings, so that everything in the image comes from
# the registry by its checksum in package-lock.json, or from the base image.
set -eu
cd "$(dirname "$0")/.."
prefix=$(node -p 'path.resolve(process.execPath, "../..")')
if [ -e "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi
RE2_DOWNLOAD_FORCE_BUILD=1 npm ci --include=dev --no-audit --no-fund --loglevel=error
node -e "new (require('re2'))('a+').test('a') || process.exit(1)"
