#!/bin/sh
# Builds the image with the real Dockerfile and starts it as compose.yaml does: root file system read-only, as user
# 10001, without capabilities. Then: health check green, clean mail relayed, a card number held, SIGTERM drained with
# exit 0. Needs no Docker: buildah, bubblewrap, swaks and smtp-sink (of Postfix) from Debian, root, and Node on the PATH.
#
#   sudo docker/try.sh                          base image by debootstrap, with the Node that runs this
#   sudo NODE_IMAGE=node:24-bookworm-slim docker/try.sh      the base image from a registry
#
# Takes some minutes, so `npm test` does not run it; test/docker runs the same steps outside an image. WORK is where
# everything goes, and what a second run finds again (default: a folder under /var/tmp). IMAGE names one that is built
# already, PORT the first of three ports. The vfs driver copies whole trees: have 20 GB free, and remove WORK afterwards.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=${WORK:-/var/tmp/sluice-image}
port=${PORT:-2599}
mkdir -p "$work"
b() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
say() { echo "== $*"; }

build() {
  if [ -z "${NODE_IMAGE:-}" ]; then
    NODE_IMAGE=localhost/node-base:24
    if ! b inspect "$NODE_IMAGE" >/dev/null 2>&1; then
      say "base image: Debian and $(node --version)"
      [ -e "$work/base/usr/local/bin/node" ] || "$here/docker/try-base.sh" "$work/base"
      c=$(b from --pull-never scratch)
      b add -q "$c" "$work/base" /
      b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$c"
      b commit -q "$c" "$NODE_IMAGE"
      b rm "$c" >/dev/null
    fi
    pull=--pull-never
  fi

  say "build on $NODE_IMAGE"
  b bud -q --format docker --isolation chroot --network host ${pull:-} --build-arg NODE_IMAGE="$NODE_IMAGE" \
    -f "$here/docker/Dockerfile" -t localhost/sluice:try "$here"
}

image=${IMAGE:-localhost/sluice:try}
[ -n "${IMAGE:-}" ] || build
config=$(b inspect --type image --format '{{.Docker.Config.User}}' "$image")
say "its user: $config"
[ "$config" = 10001:10001 ] || { echo "the image does not run as 10001:10001" >&2; exit 1; }

c=$(b from --pull-never "$image")
rootfs=$(b mount "$c")
state=$work/state
rm -rf "$state"
mkdir -p "$state/etc" "$state/data" "$state/keys" "$state/sink"
chmod 755 "$state" "$state/etc"
chown 10001:10001 "$state/data" "$state/keys"
chown nobody "$state/sink"
cat >"$state/etc/sluice.yaml" <<YAML
hostname: dlp.example.com
data_dir: /var/lib/sluice
keys_dir: /var/lib/sluice-keys/installation
listeners: [{ name: relay, port: $port, clients: [127.0.0.1] }]
admin: { port: $((port + 2)) }
organisation: { domains: [example.com] }
delivery: { default: { hosts: [{ host: 127.0.0.1, port: $((port + 1)), tls: none }] } }
rules: [/opt/sluice/rules]
policies: [/opt/sluice/policies]
YAML

# What Docker does with read_only, user, cap_drop, tmpfs and volumes; the network stays the host's.
inside() {
  exec bwrap --ro-bind "$rootfs" / --proc /proc --dev /dev --tmpfs /tmp --ro-bind "$state/etc" /etc/sluice \
    --bind "$state/data" /var/lib/sluice --bind "$state/keys" /var/lib/sluice-keys --chdir /etc/sluice \
    --unshare-pid --unshare-ipc --as-pid-1 --die-with-parent \
    --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP \
    --clearenv --setenv NODE_ENV production --setenv SLUICE_ADMIN_URL "http://127.0.0.1:$((port + 2))" \
    --setenv PATH /opt/sluice/bin:/usr/local/bin:/usr/bin:/bin -- \
    setpriv --reuid=10001 --regid=10001 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
}
healthy() { (inside node /opt/sluice/docker/healthcheck.mjs); }
entrypoint=/opt/sluice/docker/entrypoint.sh
waits() {
  what=$1
  shift
  for _ in $(seq 240); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.5
  done
  echo "$what: did not come; the gateway said:" >&2
  tail -20 "$state/log" >&2
  exit 1
}
mails() { swaks --server "127.0.0.1:$port" --from jo@example.com --to b@partner.example --body "$1" >"$state/swaks" 2>&1; }
relayed() { grep -rqs "See you on Monday" "$state/sink"; }
held() { (inside $entrypoint quarantine list --json) | grep -q '"cause":"quarantine"'; }

(cd "$state/sink" && exec smtp-sink -u nobody -d mail. "127.0.0.1:$((port + 1))" 10) &
sink=$!
(inside $entrypoint serve) 2>"$state/log" &
gateway=$!
# The process inside has changed its user, so it does not end with bubblewrap.
trap 'kill $sink 2>/dev/null || true; pkill -KILL -P $gateway 2>/dev/null || true; b rm "$c" >/dev/null || true' EXIT

waits "a green health check" healthy
say "healthy"
mails "See you on Monday." || { cat "$state/swaks" >&2; exit 1; }
waits "the clean mail at the next hop" relayed
say "clean mail relayed"
mails "Visa card 4111 1111 1111 1111"
waits "the hold" held
say "card number held"
(inside touch /opt/sluice/x) 2>/dev/null && { echo "the root file system can be written" >&2; exit 1; }
(inside $entrypoint doctor) || { echo "doctor finds something wrong" >&2; exit 1; }
pkill -TERM -P "$gateway"
wait "$gateway" && code=0 || code=$?
[ "$code" = 0 ] || { echo "SIGTERM ended in $code" >&2; tail -5 "$state/log" >&2; exit 1; }
say "drained on SIGTERM, exit 0: all is well"
