#!/bin/sh
# Build stage: src/ to dist/, and what the rules say beside it.
set -eu
cd "$(dirname "$0")/.."
rm -rf dist
node node_modules/typescript/bin/tsc -p tsconfig.build.json
node dist/app/build-prepared-rules.js
chmod 755 bin/sluice
