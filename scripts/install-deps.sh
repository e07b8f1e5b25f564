#!/bin/sh
# Installs the Debian packages that are missing for: run | test | bench. Installs nothing, and asks for nothing, when all are there.
set -eu

run="fuse3 gpgv ca-certificates gcc libc6-dev"
test="$run attr rsync gnupg python3 python3-msgpack iproute2 binutils tar xz-utils zstd curl wget openssl e2fsprogs dpkg-dev linux-libc-dev procps locales golang-go golang-golang-x-mod-dev erofs-utils"
# Node may be there from elsewhere, and Debian's would stand in its way.
command -v npm >/dev/null || test="$test nodejs npm"
case "${1:-run}" in
    run)   wanted=$run ;;
    test)  wanted=$test ;;
    bench) wanted="$test nginx-light squashfuse squashfs-tools python3-libtorrent" ;;
    *)     echo "usage: $0 run|test|bench" >&2; exit 2 ;;
esac

if ! command -v dotnet >/dev/null; then
    echo "The .NET SDK (10.0 or newer) is missing: install the package dotnet-sdk-10.0, or see https://dotnet.microsoft.com/download." >&2
    exit 1
fi
if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system; make sure that these are there: $wanted" >&2
    exit 0
fi

missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
# Tests and benchmarks import real packages: apt must have heard of some.
update_lists() {
    case "${1:-run}" in run) return ;; esac
    [ "$(id -u)" = 0 ] || return 0
    ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || apt-get update -qq
}
if [ -z "$missing" ]; then
    update_lists "${1:-run}"
    exit 0
fi

if [ "$(id -u)" != 0 ]; then
    echo "Missing packages. Install them with: sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
update_lists "${1:-run}"
