#!/bin/sh
# Build stage: src/ to dist/.
set -eu
cd "$(dirname "$0")/.."
rm -rf dist
node node_modules/typescript/bin/tsc -p tsconfig.build.json
chmod 755 bin/sluice
