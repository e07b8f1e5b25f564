#!/bin/bash
# What a crowd costs: several newcomers want the same from one source at one moment, each behind a line that sends so much and no more; against a BitTorrent library and rsync in the same places.
# ROUNDS=3 rounds; READERS=4; MBIT=40 what each sends; BENCH_DIR=... where the work goes; everything in it is removed again, and so are the network namespaces. Needs root. Takes four minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "Network namespaces are made by root alone." >&2; exit 1; }
scripts/install-deps.sh bench
[ -x artifacts/swarmfs/swarmfs ] || { echo "artifacts/swarmfs/swarmfs is missing: run make first." >&2; exit 1; }
exec /usr/bin/python3 scripts/bench/crowd.py
