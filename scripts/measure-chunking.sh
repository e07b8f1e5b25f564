#!/bin/sh
# Prints the table of chunk sizes in src/SwarmFS.Core/FORMAT.md from pairs of versions that the configured apt sources hold.
# A pair is PACKAGE (its two newest versions are taken) or OLD-PACKAGE:NEW-PACKAGE. Downloads about 400 MB, needs 2 GB below $TMPDIR.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || set -- systemd git openjdk-17-jre-headless postgresql-15 mariadb-server-core libwebkit2gtk-4.1-0 libpython3.11-stdlib \
    linux-image-6.1.0-51-amd64:linux-image-6.1.0-52-amd64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
chmod 755 "$work"

unpack() { # NAME=VERSION or NAME, directory
    mkdir "$work/deb" && chmod 777 "$work/deb"
    (cd "$work/deb" && apt-get download -q "$1" >/dev/null)
    dpkg-deb -x "$work"/deb/*.deb "$2"
    rm -rf "$work/deb"
}

dotnet build -v quiet -c Release "$here/tests/SwarmFS.MeasureChunking" >&2
number=0
pairs=
for pair in "$@"; do
    number=$((number + 1))
    case $pair in
    *:*)
        older=${pair%%:*} newer=${pair#*:} ;;
    *)
        versions=$(apt-cache madison "$pair" | awk '{ print $3 }' | head -2)
        newer=$pair=$(echo "$versions" | sed -n 1p) older=$pair=$(echo "$versions" | sed -n 2p) ;;
    esac
    case $older in *=) echo "measure-chunking: the apt sources hold one version of $pair only; left out" >&2; continue ;; esac
    unpack "$older" "$work/$number-old"
    unpack "$newer" "$work/$number-new"
    pairs="$pairs ${pair%%:*} $work/$number-old $work/$number-new"
done
# shellcheck disable=SC2086 # no name among the words holds a blank
"$here/tests/SwarmFS.MeasureChunking/bin/Release/net10.0/SwarmFS.MeasureChunking" $pairs
