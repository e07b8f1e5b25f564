#!/bin/sh
# Measures the binding against bare C and against the filesystem below, side by side in one run:
#   bench.sh [SCRATCH]    (as root; needs gcc)
# The ratio is to what was measured in the same minute; the base is C for the round trip, and the filesystem that SCRATCH lies on for the rest.
set -e
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
scratch=${1:-/var/tmp/fuse-bench}
host=$top/tests/SwarmFS.Fuse.TestHost/bin/Release/net10.0/SwarmFS.Fuse.TestHost
[ -x "$host" ] || dotnet build -c Release "$top/tests/SwarmFS.Fuse.TestHost" > /dev/null
mkdir -p "$scratch/floor" "$scratch/mnt" "$scratch/tree"
gcc -O2 -o "$scratch/floor.bin" "$here/floor.c"
gcc -O2 -o "$scratch/probe" "$here/probe.c"
cleanup() {
    exec 4>&- || true
    umount "$scratch/floor" "$scratch/mnt" 2> /dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT INT TERM

python3 - "$scratch/tree" <<'PY'
import os, sys
for d in range(100):
    os.mkdir("%s/d%03d" % (sys.argv[1], d))
    for f in range(100):
        with open("%s/d%03d/f%03d" % (sys.argv[1], d, f), "wb") as out:
            out.write(os.urandom(8192))
with open(sys.argv[1] + "/file", "wb") as out:
    out.write(bytes(4096))
with open(sys.argv[1] + "/large", "wb") as out:
    for _ in range(128):
        out.write(os.urandom(1 << 20))
PY
probe() { "$scratch/probe" "$@"; }
ratio() { awk "BEGIN { printf \"%-26s %10s %10s   %.2f\\n\", \"$1\", $2, $3, $3 / $2 }"; }
serve() {
    rm -f "$scratch/in" "$scratch/out"; mkfifo "$scratch/in"
    "$host" "$scratch/mnt" --from "$scratch/tree" "$@" < "$scratch/in" > "$scratch/out" 2>&1 &
    server=$!
    exec 4> "$scratch/in"
    until grep -q READY "$scratch/out"; do sleep 0.1; done
}
stop() { echo quit >&4; exec 4>&-; wait $server; }

printf "%-26s %10s %10s   ratio\n" "us per operation" base ours
"$scratch/floor.bin" "$scratch/floor" & floor=$!
sleep 0.3
serve --timeout 0 --readers 1
probe stat "$scratch/mnt/file" > /dev/null
ratio "round trip, two CPUs" "$(probe stat "$scratch/floor/file")" "$(probe stat "$scratch/mnt/file")"
taskset -a -p 1 $floor > /dev/null; taskset -a -p 1 $server > /dev/null
ratio "round trip, one CPU" "$(taskset 1 "$scratch/probe" stat "$scratch/floor/file")" "$(taskset 1 "$scratch/probe" stat "$scratch/mnt/file")"
stop
umount "$scratch/floor"
serve --no-xattrs
echo "hot, against the filesystem below:"
for mode in find walk files; do
    probe $mode "$scratch/tree" > /dev/null; probe $mode "$scratch/mnt" > /dev/null
    ratio "$mode" "$(probe $mode "$scratch/tree")" "$(probe $mode "$scratch/mnt")"
done
probe stream "$scratch/tree/large" > /dev/null; probe stream "$scratch/mnt/large" > /dev/null
ratio "us per MiB, sequential" "$(probe stream "$scratch/tree/large")" "$(probe stream "$scratch/mnt/large")"
ratio "stat" "$(probe stat "$scratch/tree/file")" "$(probe stat "$scratch/mnt/file")"
stop
