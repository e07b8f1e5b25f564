#!/bin/bash
# Compares a node with what people use today, side by side in one run: interleaved rounds, medians, ratios. Only ratios mean anything: all parts share one machine.
# ROUNDS=5 rounds; BIG_MIB=1024 size of the large file; BENCH_DIR=... where the work goes (an ext4 directory; everything in it is removed again); STRICT=1 fails on a missed bar.
# OUT_DIR=... where the copies of the tree go, by default memory: creating thousands of files on a busy disk costs more than any of the ways to fetch them, and would hide the difference.
# Nodes take requests as they do by themselves: for root on a recent kernel through io_uring. One row says what /dev/fuse makes of it.
# The package is a real one, from the machine's own apt sources. Beside it stands a made tree that is deeper than 99 of 100 packages are.
# Every cold round begins with a node that knows nothing but a peer's address. The machine's own caches are left alone: sources are warm for all.
# cp -a asks three times for the attributes and access lists of each entry, which rsync -a does not: the row with xattrs shown (--xattrs on) says what that costs.
# Beside the cold trees stands what cp -a takes from ext4 when all is in its cache: on some machines that alone is longer than rsync -a, which divides its work between two processes.
# For root there is also a slow line: servers in a network namespace of their own, behind a shaper of 20 Mbit/s, which is what many a home can send.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-5}
big_mib=${BIG_MIB:-1024}
base=$(mktemp -d "${BENCH_DIR:-/var/tmp}/swarmfs-bench.XXXXXX")
out=$(mktemp -d "${OUT_DIR:-$([ -w /dev/shm ] && echo /dev/shm || echo "$base")}/swarmfs-bench.XXXXXX")/copy
swarmfs=$PWD/artifacts/swarmfs/swarmfs
slow=swb$$
slow_mbit=20
version=1.0

say() { printf '%s\n' "$*" >&2; }

cleanup() {
    local status=$?
    trap - EXIT INT TERM HUP
    set +e
    for node in "$base"/b "$base"/a "$base"/slow; do
        [ -d "$node" ] && timeout 20 "$swarmfs" --state "$node" down >/dev/null 2>&1
    done
    # A node that did not end by itself is ours to end: nobody else's has this directory in its arguments.
    for _ in $(seq 50); do pgrep -f -- "swarmfs-daemon.*$base/" >/dev/null || break; sleep 0.1; done
    for pid in $(pgrep -f -- "swarmfs-daemon.*$base/"); do kill -9 "$pid"; done
    for pid in "$base"/*.pid; do [ -s "$pid" ] && kill "$(cat "$pid")" 2>/dev/null; done
    ip link del "${slow}o" 2>/dev/null
    ip netns del "$slow" 2>/dev/null
    for mount in "$base"/mnt-*; do mountpoint -q "$mount" && umount -l "$mount"; done
    rm -rf "$(dirname "$out")"
    for _ in 1 2 3; do rm -rf "$base" 2>/dev/null && break; sleep 1; done
    exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Seconds that a command takes. The shell knows the time; to start date twice for it takes up to 10 ms.
timed() {
    local start=${EPOCHREALTIME/[.,]/} end
    "$@" >/dev/null
    end=${EPOCHREALTIME/[.,]/}
    awk -v us=$((end - start)) 'BEGIN { printf "%.4f\n", us / 1e6 }'
}

note() { echo "$2" >>"$base/times/$1"; }

median() { sort -n "$base/times/$1" | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; else print "nan" }'; }

up() { ${inside:-} "$swarmfs" --state "$base/$1" up --mount "$base/mnt-$1" --listen "${address:-127.0.0.1}:$2" --sync off --detach "${@:3}" >>"$base/$1.log" 2>&1 || { cat "$base/$1.log" >&2; exit 1; }; }

memory() {
    local pid
    pid=$(pgrep -f -- "swarmfs-daemon.*$base/$1" | head -n 1)
    if [ -n "$pid" ]; then awk '/VmHWM/ { print $2 / 1024 }' "/proc/$pid/status"; fi
}

# The package to wait for, and further options.
fresh_b() {
    up b "$port_b" --peer "${peer:-127.0.0.1:$port_a}" --trust "${key:-$key_a}" "${@:2}"
    # The name arrives with the peer's announcements; the connection is then up as well, as rsync's and nginx's processes are.
    for _ in $(seq 200); do
        # By listing: to look the version up would fetch its directories, which belong to what is timed.
        ls "$base/mnt-b/pkgs/$1" 2>/dev/null | grep -qxF "$version" && return
        sleep 0.05
    done
    say "The second node has not heard of $1 within 10 s:"
    cat "$base/b.log" >&2
    exit 1
}

# Leaves a directory until the end: before ext4 makes a file, it looks past each inode deleted in the last five minutes (recently_deleted in fs/ext4/ialloc.c), so that what one round had
# removed would burden the next, by up to ten times of what is measured.
kept=0
keep() { mv "$1" "$base/kept-$((kept++))"; }

drop_b() {
    note rss "$(memory b)"
    "$swarmfs" --state "$base/b" down >/dev/null
    for _ in $(seq 200); do mountpoint -q "$base/mnt-b" || break; sleep 0.05; done
    case ${1:-} in keep) keep "$base/b" ;; *) rm -rf "$base/b" ;; esac
}

# The ways of a round, a line each. Every round begins with another one, and every second goes through them backwards: so none always runs after the same, whose traces it would bear
# (wget keeps a processor busy for seconds).
turns() {
    local round=$1 at index
    shift
    for ((at = 0; at < $#; at++)); do
        index=$(((round + (round % 2 ? at : $# - at)) % $# + 1))
        echo "${!index}"
    done
}

start_servers() {
    port_rsync=$(free_port)
    printf '%s\n' "port = $port_rsync" "address = 127.0.0.1" "use chroot = no" "uid = $(id -u)" "gid = $(id -g)" "reverse lookup = no" \
        "pid file = $base/rsync.pid" "log file = $base/rsync.log" "[icons]" "path = $base/icons" "[deep]" "path = $base/deep" "[far]" "path = $base/far" "[small]" "path = $base/small" \
        "[headers]" "path = $base/headers" >"$base/rsyncd.conf"
    rsync --daemon --config="$base/rsyncd.conf"

    port_http=$(free_port)
    port_https=$(free_port)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$base/tls.key" -out "$base/tls.crt" -days 2 -subj /CN=localhost 2>/dev/null
    cat >"$base/nginx.conf" <<CONF
pid $base/nginx.pid;
error_log $base/nginx.log;
worker_processes 1;
$([ "$(id -u)" = 0 ] && echo "user root;")
events { worker_connections 256; }
http {
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
    client_body_temp_path $base/n1; proxy_temp_path $base/n2; fastcgi_temp_path $base/n3; uwsgi_temp_path $base/n4; scgi_temp_path $base/n5;
    server { listen 127.0.0.1:$port_http; root $base; autoindex on; }
    server {
        listen 127.0.0.1:$port_https ssl; root $base;
        ssl_certificate $base/tls.crt; ssl_certificate_key $base/tls.key; ssl_protocols TLSv1.3; ssl_buffer_size 16k;
    }
}
CONF
    nginx -c "$base/nginx.conf" -p "$base"
}

# What the round before has written is on the disk before the clock of the next one runs; and there is free memory that was used a moment ago, as on a machine at work. What lies free for
# long in a virtual machine may go back to its host (free page reporting), and to copy to a page that the host has to give first takes 6 us instead of less than one: a cost of whatever runs
# after a pause, the higher the more a way keeps in the page cache.
settle() {
    sync -f "$base"
    if [ "$(stat -f -c %T "$(dirname "$out")")" = tmpfs ]; then
        head -c 768M /dev/zero >"$(dirname "$out")/used" 2>/dev/null || true
        rm -f "$(dirname "$out")/used"
    fi
}

# Way, package.
cold_tree() {
    local copy=(cp -a "$base/mnt-b/pkgs/$2/$version/." "$out/")
    settle
    mkdir "$out"
    case $1 in
        swarmfs) fresh_b "$2"; note "$2-swarmfs" "$(timed "${copy[@]}")" ;;
        view)    fresh_b "$2"; note "$2-view" "$(timed sh -c "'$swarmfs' --state '$base/b' view $2 && cp -a '$base/mnt-b/pkgs/$2/$version/.' '$out/'")" ;;
        device)  fresh_b "$2" --transport dev; note "$2-device" "$(timed "${copy[@]}")" ;;
        xattr)   fresh_b "$2" --xattrs on; note "$2-xattr" "$(timed "${copy[@]}")" ;;
        disk)    note "$2-disk" "$(timed cp -a "$base/$2/." "$out/")" ;;
        rsync)   note "$2-rsync" "$(timed rsync -a "rsync://127.0.0.1:$port_rsync/$2/" "$out/")" ;;
        wget)    note "$2-wget" "$(timed wget -q -r -l inf -np -nH --cut-dirs=1 -R 'index.html*' -P "$out" "http://127.0.0.1:$port_http/$2/")" ;;
    esac
    if [ "$round" = 1 ]; then diff -r "$base/$2" "$out" >&2 || { say "The copy of $2 by $1 differs."; exit 1; }; fi
    keep "$out"
    case $1 in swarmfs | xattr | device | view) drop_b keep ;; esac
}

cold_big() {
    local sum
    settle
    case $1 in
        swarmfs) fresh_b big; note big-swarmfs "$(timed sha256sum "$base/mnt-b/pkgs/big/$version/big.bin")"
                 if [ "$round" = 1 ]; then
                     sum=$(sha256sum <"$base/mnt-b/pkgs/big/$version/big.bin")
                     [ "$sum" = "$(sha256sum <"$base/big/big.bin")" ] || { say "The large file differs."; exit 1; }
                 fi
                 drop_b ;;
        curl)    note big-curl "$(timed sh -c "curl -s --cacert '$base/tls.crt' --resolve localhost:$port_https:127.0.0.1 https://localhost:$port_https/big/big.bin | sha256sum")" ;;
    esac
}

# Way, package: from a server a round trip of 80 ms away.
cold_far() {
    settle
    case $1 in
        # On a port of its own, or the first node, which remembers where the second was, might call it without the detour.
        swarmfs) port_b=$(free_port) peer=127.0.0.1:$port_far_a fresh_b "$2" --lan off; mkdir "$out"; note "far-$2-swarmfs" "$(timed cp -a "$base/mnt-b/pkgs/$2/$version/." "$out/")" ;;
        rsync)   mkdir "$out"; note "far-$2-rsync" "$(timed rsync -a "rsync://127.0.0.1:$port_far_rsync/$2/" "$out/")" ;;
    esac
    if [ "$round" = 1 ]; then diff -r "$base/$2" "$out" >&2 || { say "The copy from afar by $1 differs."; exit 1; }; fi
    rm -rf "$out"
    case $1 in swarmfs) drop_b keep ;; esac
}

# Way: over a line that sends 20 Mbit/s.
cold_slow() {
    settle
    mkdir "$out"
    case $1 in
        swarmfs) peer=10.214.0.2:$port_a key=$key_slow address=10.214.0.1 fresh_b headers
                 note slow-swarmfs "$(timed cp -a "$base/mnt-b/pkgs/headers/$version/." "$out/")" ;;
        rsync)   note slow-rsync "$(timed rsync -a "rsync://10.214.0.2:$port_rsync/headers/" "$out/")" ;;
        packed)  note slow-packed "$(timed rsync -az "rsync://10.214.0.2:$port_rsync/headers/" "$out/")" ;;
        curl)    note slow-curl "$(timed sh -c "curl -s 'http://10.214.0.2:$port_http/headers.tar.xz' | tar -C '$out' -xJ")" ;;
    esac
    if [ "$round" = 1 ]; then diff -r "$base/headers" "$out" >&2 || { say "The copy over the slow line by $1 differs."; exit 1; }; fi
    rm -rf "$out"
    case $1 in swarmfs) drop_b keep ;; esac
}

start_slow_line() {
    ip netns add "$slow"
    ip link add "${slow}o" type veth peer name "${slow}i" netns "$slow"
    ip addr add 10.214.0.1/24 dev "${slow}o"
    ip link set "${slow}o" up
    ip -n "$slow" addr add 10.214.0.2/24 dev "${slow}i"
    ip -n "$slow" link set lo up
    ip -n "$slow" link set "${slow}i" up
    tc -n "$slow" qdisc add dev "${slow}i" root tbf rate "${slow_mbit}mbit" burst 64kb latency 100ms
    inside="nsenter --net=/run/netns/$slow"
    sed "s|127.0.0.1|10.214.0.2|; s|rsync[.]|slow-rsync.|" "$base/rsyncd.conf" >"$base/slow-rsyncd.conf"
    $inside rsync --daemon --config="$base/slow-rsyncd.conf"
    $inside python3 -m http.server --bind 10.214.0.2 -d "$base" "$port_http" >"$base/slow-http.log" 2>&1 & echo $! >"$base/slow-http.pid"
    # Headers of C, which every Debian system with a compiler has, as they are and as an archive of them would be published.
    cp -a /usr/include/linux "$base/headers"
    tar -C "$base/headers" -cJf "$base/headers.tar.xz" .
    address=10.214.0.2 up slow "$port_a"
    unset inside
    key_slow=$("$swarmfs" --state "$base/slow" id --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["importerKey"])')
    "$swarmfs" --state "$base/slow" import tree "$base/headers" --name headers --version "$version" >/dev/null
}

start_relays() {
    gcc -O2 -pthread -o "$base/relay" scripts/bench/relay.c
    port_far_a=$(free_port)
    "$base/relay" "$port_far_a" "$port_a" 40 & echo $! >"$base/relay-a.pid"
    port_far_rsync=$(free_port)
    "$base/relay" "$port_far_rsync" "$port_rsync" 40 & echo $! >"$base/relay-rsync.pid"
}

# Measured by turns within a round, and the least of them noted (scripts/bench/syscalls.c says why). What, rounds, then for each the name it is noted by and the list or file.
calls() {
    local what=$1 turns=$2 names=() lists=() at=0 number
    shift 2
    while [ $# -gt 0 ]; do names+=("$1"); lists+=("$2"); shift 2; done
    for number in $("${as_user[@]}" "$base/syscalls" "$what" "$turns" "${lists[@]}"); do note "${names[at++]}" "$number"; done
}

# By whom, where root measures: the kernel checks the rights of who owns nothing here in another way.
as_user=()

# The same for walks: how often, then for each the name and the directory. One process over the tree many times: to start it takes as long as to walk 5,000 entries.
walks() {
    local turn at pairs=("${@:2}") trees
    mapfile -t trees < <(seq "$1")
    for turn in $(seq 5); do
        for ((at = 0; at < ${#pairs[@]}; at += 2)); do timed find "${trees[@]/#*/${pairs[at + 1]}}" >>"$base/walk-${pairs[at]}"; done
    done
    for ((at = 0; at < ${#pairs[@]}; at += 2)); do
        note "${pairs[at]}" "$(sort -n "$base/walk-${pairs[at]}" | head -n 1)"
        rm "$base/walk-${pairs[at]}"
    done
}

hot() {
    local tree
    walks 50 find-swarmfs "$base/mnt-b/pkgs/icons/$version" find-ext4 "$base/ext4/pkgs/icons/$version"
    walks 3 find-wide-swarmfs "$base/mnt-b/pkgs/wide/$version" find-wide-ext4 "$base/ext4/pkgs/wide/$version"
    # Another file system in user space over the same names: what of the difference is the kernel's part of any of them.
    for tree in icons deep; do
        calls stat 9 "stat-$tree-swarmfs" "$base/list-$tree-swarmfs" "stat-$tree-ext4" "$base/list-$tree-ext4" \
            "stat-$tree-squashfuse" "$base/list-$tree-squashfuse" "stat-$tree-bare" "$base/list-$tree-bare"
        calls read 5 "read-$tree-swarmfs" "$base/list-$tree-swarmfs" "read-$tree-ext4" "$base/list-$tree-ext4"
    done
    calls stat 3 stat-wide-swarmfs "$base/list-wide-swarmfs" stat-wide-ext4 "$base/list-wide-ext4"
    calls stream 3 stream-swarmfs "$base/mnt-b/pkgs/big/$version/big.bin" stream-ext4 "$base/ext4/pkgs/big/$version/big.bin"
    for tree in icons deep; do hot_view "$tree"; done
}

# The same paths while the kernel serves them, beside ext4 again.
hot_view() {
    local place=$base/mnt-b/pkgs/$1/$version
    "$swarmfs" --state "$base/b" view "$1/$version" >/dev/null
    # A view begins with empty caches.
    find "$place" -type f -exec cat {} + >/dev/null
    if [ "$1" = icons ]; then walks 50 find-view "$place" find-beside "$base/ext4/pkgs/$1/$version"; fi
    calls stat 9 "stat-$1-view" "$base/list-$1-swarmfs" "stat-$1-beside" "$base/list-$1-ext4"
    calls read 5 "read-$1-view" "$base/list-$1-swarmfs" "read-$1-beside" "$base/list-$1-ext4"
    umount "$place"
}

# Names of a path from the mount on, on average over a list.
depth() { sed "s|^$base/mnt-b/||" "$base/list-$1-swarmfs" | awk -F/ '{ names += NF } END { printf "%.0f", names / NR }'; }

# Name, measured, reference, bar (the highest allowed ratio), unit, factor from the noted number to the unit.
row() {
    local verdict
    verdict=$(awk -v a="$(median "$2")" -v b="$(median "$3")" -v bar="$4" -v unit="$5" -v factor="$6" -v name="$1" -v against="$(echo "${3##*-}" | sed s/beside/ext4/)" 'BEGIN {
        ratio = a / b
        verdict = bar == "-" ? "" : ratio <= bar ? "met" : "MISSED"
        printf "%-44s %10.3f %10.3f %-3s  %-6s %6.2f  %6s  %s\n", name, a * factor, b * factor, unit, against, ratio, bar, verdict }')
    echo "$verdict"
    case $verdict in *MISSED) echo "$1" >>"$base/missed" ;; esac
}

scripts/install-deps.sh bench
[ -x "$swarmfs" ] || { say "$swarmfs is missing: run make first."; exit 1; }
mkdir "$base/times" "$base/deep" "$base/big" "$base/mnt-a" "$base/mnt-b" "$base/mnt-slow" "$base/mnt-s" "$base/mnt-n" "$base/copy"
: >"$base/missed"
gcc -O2 -o "$base/syscalls" scripts/bench/syscalls.c

say "Preparing: a package of 5,500 files, a made tree of 5,000 and a file of $big_mib MiB in $base"
(cd "$base" && apt-get -q=2 -o APT::Sandbox::User=root download adwaita-icon-theme && dpkg-deb -x adwaita-icon-theme_*.deb icons)
python3 scripts/bench/make-tree.py "$base/deep"
head -c "$((big_mib << 20))" /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 >"$base/big/big.bin"
# What a distance costs: files of megabytes one after another, and a package such as half of a distribution's are.
mkdir "$base/far" "$base/small"
for number in $(seq 60); do head -c "$((number * 131072))" /dev/urandom >"$base/far/file-$number"; done
for number in $(seq 30); do head -c 9000 /dev/urandom >"$base/small/file-$number"; done
start_servers
port_a=$(free_port)
port_b=$(free_port)
start_relays
up a "$port_a"
key_a=$("$swarmfs" --state "$base/a" id --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["importerKey"])')
for name in icons deep big far small; do "$swarmfs" --state "$base/a" import tree "$base/$name" --name "$name" --version "$version" >/dev/null; done

for round in $(seq "$rounds"); do
    say "Cold round $round of $rounds"
    for way in $(turns "$round" swarmfs rsync disk device view xattr wget); do cold_tree "$way" icons; done
    for way in $(turns "$round" swarmfs rsync disk); do cold_tree "$way" deep; done
    for way in $(turns "$round" swarmfs curl); do cold_big "$way"; done
done

for round in $(seq "$rounds"); do
    say "Round $round of $rounds from afar"
    for way in $(turns "$round" swarmfs rsync); do
        cold_far "$way" far
        cold_far "$way" small
        cold_far "$way" icons
    done
done

if [ "$(id -u)" = 0 ]; then
    start_slow_line
    for round in $(seq "$rounds"); do
        say "Round $round of $rounds over a slow line"
        for way in $(turns "$round" swarmfs rsync packed curl); do cold_slow "$way"; done
    done
    "$swarmfs" --state "$base/slow" down >/dev/null
fi

say "Hot rounds"
# What many names cost that no processor cache holds: 1,000 directories of 100 files.
mkdir "$base/wide"
python3 -c '
import os, sys
for directory in range(1000):
    path = os.path.join(sys.argv[1], f"part-{directory:03}")
    os.makedirs(path)
    for number in range(100):
        with open(os.path.join(path, f"file-{number:02}"), "w") as file: file.write(f"{directory} {number}")' "$base/wide"
"$swarmfs" --state "$base/a" import tree "$base/wide" --name wide --version "$version" >/dev/null
fresh_b wide
sha256sum "$base/mnt-b/pkgs/big/$version/big.bin" >/dev/null
# As many directories deep as the mount's: the kernel walks each of them for every name.
for tree in icons deep wide big; do
    mkdir -p "$base/ext4/pkgs/$tree"
    mv "$base/$tree" "$base/ext4/pkgs/$tree/$version"
    (cd "$base/ext4/pkgs/$tree/$version" && find . -type f | cut -c3-) | sort >"$base/names"
    # With as many names below their mounts: the other file system in user space, and with nothing that could be left out: who may read is not asked there, and nobody else is let in.
    for place in ext4:ext4 swarmfs:mnt-b squashfuse:mnt-s bare:mnt-n; do
        sed "s|^|$base/${place#*:}/pkgs/$tree/$version/|" "$base/names" >"$base/list-$tree-${place%:*}"
    done
done
[ "$(wc -l <"$base/list-wide-ext4")" = 100000 ] || { say "The tree of 100,000 files differs."; exit 1; }
mksquashfs "$base/ext4" "$base/tree.img" -noappend -noI -noD -noF -noX -quiet -no-progress -e pkgs/wide pkgs/big >/dev/null
squashfuse_ll -o allow_other,default_permissions "$base/tree.img" "$base/mnt-s"
squashfuse_ll "$base/tree.img" "$base/mnt-n"
find "$base/mnt-b/pkgs/wide/$version" "$base/mnt-s" "$base/mnt-n" >/dev/null
# Once for nobody: what is hot is what was used before.
for round in $(seq 0 "$rounds"); do
    hot
    if [ "$round" = 0 ]; then rm -f "$base"/times/{find,stat,read,stream}-*; fi
done
# Last: what the kernel learns of rights from others, root's calls gain by too.
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$base"
    as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for round in $(seq "$rounds"); do
        for tree in icons deep; do calls stat 9 "stat-$tree-others-swarmfs" "$base/list-$tree-swarmfs" "stat-$tree-others-ext4" "$base/list-$tree-ext4"; done
    done
fi
note rss "$(memory a)"
drop_b

printf '\n%-44s %10s %10s %-3s  %-6s %6s  %6s\n' "median of $rounds rounds" swarmfs other "" than ratio bar
row "cold package, 5,500 files: cp -a | rsync -a" icons-swarmfs icons-rsync 1.0 s 1
row "what cp -a alone takes, from ext4's cache" icons-disk icons-rsync - s 1
row "the same over /dev/fuse (--transport dev)" icons-device icons-rsync - s 1
row "the same through a view, its making included" icons-view icons-rsync - s 1
row "the same mounted with xattrs shown" icons-xattr icons-rsync - s 1
row "cold package, 5,500 files: cp -a | wget -r" icons-swarmfs icons-wget 1.0 s 1
row "cold made tree, 5,000 files: cp -a | rsync" deep-swarmfs deep-rsync 1.0 s 1
row "what cp -a alone takes, from ext4's cache" deep-disk deep-rsync - s 1
row "cold $big_mib MiB: sha256sum | curl TLS + sha256sum" big-swarmfs big-curl 1.5 s 1
row "80 ms away, the package, 5,500 files: cp -a | rsync" far-icons-swarmfs far-icons-rsync - s 1
row "80 ms away, 60 files, 229 MiB: cp -a | rsync" far-far-swarmfs far-far-rsync - s 1
row "80 ms away, 30 files, 264 KiB: cp -a | rsync" far-small-swarmfs far-small-rsync - s 1
if [ "$(id -u)" = 0 ]; then
    row "$slow_mbit Mbit/s, C headers, 4.5 MiB: cp -a | rsync -az" slow-swarmfs slow-packed - s 1
    row "the same against rsync -a" slow-swarmfs slow-rsync - s 1
    row "the same against curl and tar of a .tar.xz" slow-swarmfs slow-curl - s 1
fi
row "hot find over the package, fifty times" find-swarmfs find-ext4 0.8 ms 1000
row "the same through a view" find-view find-beside 0.8 ms 1000
row "hot find over 100,000 files, three times" find-wide-swarmfs find-wide-ext4 0.8 ms 1000
row "hot stat in the package, $(depth icons) names deep" stat-icons-swarmfs stat-icons-ext4 1.3 us 0.001
row "the same against another FUSE file system" stat-icons-swarmfs stat-icons-squashfuse 1.1 us 0.001
row "the least of any FUSE mount (no permissions)" stat-icons-bare stat-icons-ext4 - us 0.001
row "the same paths through a view" stat-icons-view stat-icons-beside 1.3 us 0.001
if [ "$(id -u)" = 0 ]; then row "the same as another user than root" stat-icons-others-swarmfs stat-icons-others-ext4 - us 0.001; fi
row "hot stat, 100,000 files, $(depth wide) names deep" stat-wide-swarmfs stat-wide-ext4 1.3 us 0.001
row "hot stat in the made tree, $(depth deep) names deep" stat-deep-swarmfs stat-deep-ext4 1.3 us 0.001
row "the same against another FUSE file system" stat-deep-swarmfs stat-deep-squashfuse 1.1 us 0.001
if [ "$(id -u)" = 0 ]; then row "the same as another user than root" stat-deep-others-swarmfs stat-deep-others-ext4 - us 0.001; fi
row "the least of any FUSE mount (no permissions)" stat-deep-bare stat-deep-ext4 - us 0.001
row "the same paths through a view" stat-deep-view stat-deep-beside 1.3 us 0.001
row "hot open + read + close in the package" read-icons-swarmfs read-icons-ext4 1.5 us 0.001
row "the same through a view" read-icons-view read-icons-beside 1.5 us 0.001
row "hot open + read + close in the made tree" read-deep-swarmfs read-deep-ext4 1.5 us 0.001
row "hot sequential read of $big_mib MiB" stream-swarmfs stream-ext4 2.6 ms 0.000001
peak=$(sort -n "$base/times/rss" | tail -n 1)
awk -v rss="${peak:-0}" 'BEGIN { printf "%-44s %10.0f %10s MiB  %-6s %6s  %6d  %s\n", "largest resident memory of a node", rss, "", "", "", 200, rss <= 200 ? "met" : "MISSED" }'
if [ -s "$base/missed" ] && [ "${STRICT:-}" = 1 ]; then exit 1; fi
