#!/bin/sh
# Publishes both programs as machine code for this machine's processor; they need no .NET to run.
set -eu
cd "$(dirname "$0")/.."

case "$(uname -m)" in
    x86_64)  runtime=linux-x64 ;;
    aarch64) runtime=linux-arm64 ;;
    *)       echo "There is no .NET runtime for $(uname -m) here." >&2; exit 1 ;;
esac

out=artifacts/swarmfs
rm -rf "$out.new"
for room in Daemon Cli; do
    echo "Compiling SwarmFS.$room to machine code: about a minute at the first time." >&2
    dotnet publish "src/SwarmFS.$room" -c Release -r "$runtime" -o "$out.new" --nologo -v quiet -p:IlcInstructionSet=native -p:CopyOutputSymbolsToPublishDirectory=false
done
rm -f "$out.new"/*.pdb
# Swapped in whole: a node that runs from the old files keeps them, and a failed build leaves them as they were.
rm -rf "$out.old"
if [ -d "$out" ]; then mv "$out" "$out.old"; fi
mv "$out.new" "$out"
rm -rf "$out.old"
echo "$out/swarmfs"
