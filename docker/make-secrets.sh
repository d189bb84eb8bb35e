#!/bin/sh
# Writes the secrets that compose.yaml mounts: a random Redis password, once as Sluice wants it and once as Redis does.
# Compose mounts a file with the owner and mode it has here. So the files can be read by the containers' users, and the
# folder keeps everybody else on this machine out. Existing files are left alone.
set -eu
dir=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$dir"
chmod 700 "$dir"
if [ -e "$dir/redis-url" ] || [ -e "$dir/redis-auth" ]; then
  echo "$dir holds secrets already; remove them to make new ones." >&2
  exit 1
fi
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf 'redis://:%s@redis:6379/0\n' "$password" >"$dir/redis-url"
printf 'requirepass %s\n' "$password" >"$dir/redis-auth"
chmod 444 "$dir/redis-url" "$dir/redis-auth"
echo "wrote $dir/redis-url and $dir/redis-auth"
