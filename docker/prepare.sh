#!/bin/sh
# Final stage: the user that Sluice runs as and the folders it owns. npm and its kin are of no use here and go.
set -eu
groupadd --system --key SYS_GID_MAX=10001 --gid 10001 sluice
useradd --system --key SYS_UID_MAX=10001 --uid 10001 --gid sluice --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sluice
install -d -o sluice -g sluice -m 700 /var/lib/sluice /var/lib/sluice-keys
install -d -m 755 /etc/sluice
rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*
rm -f /usr/local/bin/yarn /usr/local/bin/yarnpkg
