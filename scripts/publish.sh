#!/bin/sh
# Publishes both programs, compiled ahead of time (ReadyToRun) for this machine's processor: the command line on the shared framework, the daemon in a directory of its own
# with the framework compiled in.
set -eu
cd "$(dirname "$0")/.."

case "$(uname -m)" in
    x86_64)  runtime=linux-x64 ;;
    aarch64) runtime=linux-arm64 ;;
    *)       echo "There is no .NET runtime for $(uname -m) here." >&2; exit 1 ;;
esac

out=artifacts/swarmfs
rm -rf "$out.new"
dotnet publish src/SwarmFS.Daemon -c Release -r "$runtime" --self-contained -o "$out.new/daemon" --nologo -v quiet
dotnet publish src/SwarmFS.Cli -c Release -r "$runtime" --no-self-contained -o "$out.new" --nologo -v quiet
ln -s daemon/swarmfs-daemon "$out.new/swarmfs-daemon"
# Swapped in whole: a node that runs from the old files keeps them, and a failed build leaves them as they were.
rm -rf "$out.old"
if [ -d "$out" ]; then mv "$out" "$out.old"; fi
mv "$out.new" "$out"
rm -rf "$out.old"
echo "$out/swarmfs"
