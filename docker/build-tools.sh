#!/bin/sh
# Build stage: the compiler that re2 and the other native addons are built with. It stays out of the final image.
set -eu
apt-get update
apt-get install -y --no-install-recommends python3 make g++
rm -rf /var/lib/apt/lists/*
