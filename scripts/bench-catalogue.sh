#!/bin/bash
# What a whole suite costs: the first reading of the system's apt sources, a following one in which one InRelease changes 50 packages, listing, looking one name up from a light node.
# Takes a minute. BENCH_DIR=... where the work goes; everything in it is removed again.
set -euo pipefail
cd "$(dirname "$0")/.."

base=$(mktemp -d "${BENCH_DIR:-/var/tmp}/swarmfs-catalogue.XXXXXX")
keys=$(mktemp -d /tmp/sfk.XXXXXX)
swarmfs=$PWD/artifacts/swarmfs/swarmfs

cleanup() {
    local status=$?
    trap - EXIT INT TERM HUP
    set +e
    for node in light local full; do
        [ -d "$base/$node" ] && timeout 20 "$swarmfs" --state "$base/$node" down >/dev/null 2>&1
        mountpoint -q "$base/mnt-$node" && umount -l "$base/mnt-$node"
    done
    gpgconf --homedir "$keys" --kill all
    rm -rf "$base" "$keys"
    exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

scripts/install-deps.sh test
[ -x "$swarmfs" ] || { echo "$swarmfs is missing: run make first." >&2; exit 1; }

on() { "$swarmfs" --state "$base/$1" "${@:2}"; }
field() { python3 -c "import json, sys; print(eval('json.load(sys.stdin)' + sys.argv[1]))" "$1"; }
up() { on "$1" up --mount "$base/mnt-$1" --listen 127.0.0.1:0 --lan off --sync off --detach "${@:2}" >/dev/null; }
peak() { awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$(on "$1" status --json | field "['pid']")/status"; }
written() { on "$1" status --json | field "['metrics']['swarmfs.store.written']"; }
milliseconds() { local start end; start=$(date +%s%N); "$@" >/dev/null; end=$(date +%s%N); echo $(((end - start) / 1000000)); }
# Seconds and bytes that a sync took.
sync_of() { on "$1" sync --json | python3 -c 'import json, sys; r = json.load(sys.stdin); print("%.1f s, %.1f kB fetched, %d packages in %d indexes" % (r["seconds"], r["bytesFetched"] / 1e3, sum(s["packages"] for s in r["suites"]), len(r["suites"])))'; }

up full
echo "first sync of the system's sources:       $(sync_of full)"
echo "store on disk after it:                   $(on full status --json | field "['store']['diskBytes']/1e6") MB"
echo "the same again, nothing new:              $(sync_of full)"
echo "ls pkgs, cold:                            $(milliseconds ls "$base/mnt-full/pkgs") ms, $(ls "$base/mnt-full/pkgs" | wc -l) names"
echo "ls pkgs, hot:                             $(milliseconds ls "$base/mnt-full/pkgs") ms"
echo "most resident memory:                     $(peak full) MiB"

# The largest Packages file again as a suite of this script's own, so that it can be changed.
suite=$base/repository/dists/stable
mkdir -p "$suite/main/binary-amd64" "$base/etc"
cp "$(ls -S "$base"/full/import/suites/*/Packages-* | head -n 1)" "$base/packages"
gpg --homedir "$keys" --batch --quiet --passphrase '' --quick-gen-key 'Bench <bench@example.org>' ed25519 sign never 2>/dev/null
gpg --homedir "$keys" --batch --armor --export >"$base/etc/key.asc"
echo "deb [signed-by=$base/etc/key.asc arch=amd64] file:$base/repository stable main" >"$base/etc/sources.list"
publish() {
    xz -T0 -1 -c "$base/packages" >"$suite/main/binary-amd64/Packages.xz"
    {
        printf 'Origin: Bench\nSuite: stable\nCodename: stable\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n' "$(LC_ALL=C date -u -d "$1" '+%a, %d %b %Y %H:%M:%S UTC')"
        printf ' %s %s main/binary-amd64/Packages\n' "$(sha256sum "$base/packages" | cut -d' ' -f1)" "$(stat -c %s "$base/packages")"
        printf ' %s %s main/binary-amd64/Packages.xz\n' "$(sha256sum "$suite/main/binary-amd64/Packages.xz" | cut -d' ' -f1)" "$(stat -c %s "$suite/main/binary-amd64/Packages.xz")"
    } >"$base/Release"
    gpg --homedir "$keys" --batch --yes --quiet --clearsign --output "$suite/InRelease" "$base/Release"
}
publish '2 days ago'
up local --apt-etc "$base/etc"
sync_of local >/dev/null
before=$(written local)
# 50 packages spread over the suite get another version and archive.
python3 - "$base/packages" <<'PY'
import hashlib, re, sys
stanzas = open(sys.argv[1], encoding="utf-8").read().split("\n\n")
step = len(stanzas) // 50
for i in range(0, 50 * step, step):
    stanzas[i] = re.sub(r"(?m)^Version: (.*)$", r"Version: \1+b9", stanzas[i])
    stanzas[i] = re.sub(r"(?m)^SHA256: .*$", "SHA256: " + hashlib.sha256(str(i).encode()).hexdigest(), stanzas[i])
open(sys.argv[1], "w", encoding="utf-8").write("\n\n".join(stanzas))
PY
publish '1 day ago'
echo "sync after 50 of them changed:            $(sync_of local)"
echo "written for that:                         $((($(written local) - before) / 1000)) kB"

key=$(on full id --json | field "['importerKey']")
up light --light --peer "$(on full id --json | field "['listen']")" --trust "$key"
sleep 2
name=$(ls "$base/mnt-full/pkgs" | grep -x gedit || ls "$base/mnt-full/pkgs" | head -n 1)
echo "one name from a light node:               $(milliseconds ls "$base/mnt-light/pkgs/$name") ms, $(on light status --json | field "['catalogue']['proofBytes']/1e3") kB read, $(on light status --json | field "['catalogue']['proofsChecked']") proofs of a log checked"
