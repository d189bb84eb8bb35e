#!/bin/sh
# Starts a command of Sluice as the container's first process. Node takes the signals itself, and Sluice starts no child
# processes, so there is nothing for an init to do.
set -eu
case "${1:-serve}" in
  serve | worker)
    if [ ! -r sluice.yaml ] && [ "${2:-}" != --config ]; then
      echo "sluice: $PWD/sluice.yaml is missing or not readable for uid $(id -u): mount a folder with it there (docker/config/ is an example)." >&2
      exit 2
    fi
    ;;
esac
exec "$(dirname "$0")/../bin/sluice" "$@"
