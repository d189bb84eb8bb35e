#!/bin/sh
# Build stage, last step: what runs, and nothing else, into the folder named: `prune.sh /opt/sluice`. Takes development
# dependencies out of node_modules here, then what native addons were built of and their binaries for other systems.
set -eu
cd "$(dirname "$0")/.."
to=${1:?usage: prune.sh FOLDER}
arch=$(node -p process.arch)

npm prune --omit=dev --ignore-scripts --offline --no-audit --no-fund --loglevel=error
rm -rf node_modules/re2/vendor node_modules/re2/build/Release/obj.target node_modules/re2/build/Release/.deps
rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src
find node_modules/*/prebuilds -mindepth 1 -maxdepth 1 ! -name "linux-$arch*" -exec rm -rf {} +
find node_modules -mindepth 1 -maxdepth 1 -type d -empty -delete

mkdir -p "$to"
cp -R package.json LICENSE bin dist rules policies node_modules "$to"/
rm -f "$to/node_modules/.package-lock.json" "$to/node_modules/.sluice-installed"
# Nobody writes here again: not the user that Sluice runs as, and not by a slip of root either.
chmod -R u=rwX,go=rX,a-w "$to"
