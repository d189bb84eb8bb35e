#!/bin/sh
# What docker/try.sh builds on where no registry is at hand: Debian by debootstrap, with Node, its headers and npm where
# the official image has them. `try-base.sh FOLDER`; NODE_HOME is the Node to take (default: the one on the PATH).
set -eu
to=${1:?usage: try-base.sh FOLDER}
home=${NODE_HOME:-$(node -p 'path.resolve(process.execPath, "../..")')}
[ -e "$home/include/node/node.h" ] || { echo "$home has no include/node: name another Node with NODE_HOME" >&2; exit 2; }
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
debootstrap --variant=minbase --include=ca-certificates bookworm "$to" >&2
mkdir -p "$to/usr/local/include" "$to/usr/local/lib/node_modules" "$to/usr/local/etc"
cp -a "$home/bin/node" "$to/usr/local/bin/node"
cp -a "$home/include/node" "$to/usr/local/include/"
cp -a "$npm" "$to/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$to/usr/local/bin/npm"
# This machine's authorities: there may be a proxy between it and the registry.
cp /etc/ssl/certs/ca-certificates.crt "$to/etc/ssl/certs/ca-certificates.crt"
echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$to/usr/local/etc/npmrc"
