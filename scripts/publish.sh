#!/bin/sh
# Publishes both programs as machine code for this machine's kind of processor; they need no .NET to run.
set -eu
cd "$(dirname "$0")/.."

# The levels are the x86-64 psABI's, as glibc's loader reads the processor. Not "native": where AVX-512 is slower than AVX2 (Skylake to Cascade
# Lake) the .NET 10 compiler prefers vectors of 256 bits and then dies of its own word for it ("error : Vector256"). The level with AVX-512 only
# for processors after those, which have VBMI2 as well: blocks are hashed at twice the speed with it.
instructions=base
case "$(uname -m)" in
    x86_64)
        runtime=linux-x64
        for level in x86-64-v2 x86-64-v3; do
            if /lib64/ld-linux-x86-64.so.2 --help 2>/dev/null | grep -q "$level (supported"; then instructions=$level; fi
        done
        if [ "$instructions" = x86-64-v3 ] && grep -qw avx512_vbmi2 /proc/cpuinfo && /lib64/ld-linux-x86-64.so.2 --help | grep -q "x86-64-v4 (supported"; then
            instructions=x86-64-v4
        fi
        ;;
    aarch64) runtime=linux-arm64; instructions=native ;;
    *)       echo "There is no .NET runtime for $(uname -m) here." >&2; exit 1 ;;
esac

out=artifacts/swarmfs
rm -rf "$out.new"
for room in Daemon Cli; do
    echo "Compiling SwarmFS.$room to machine code: about a minute at the first time." >&2
    dotnet publish "src/SwarmFS.$room" -c Release -r "$runtime" -o "$out.new" --nologo -v quiet -p:IlcInstructionSet=$instructions -p:CopyOutputSymbolsToPublishDirectory=false
done
rm -f "$out.new"/*.pdb
# Swapped in whole: a node that runs from the old files keeps them, and a failed build leaves them as they were.
rm -rf "$out.old"
if [ -d "$out" ]; then mv "$out" "$out.old"; fi
mv "$out.new" "$out"
rm -rf "$out.old"
echo "$out/swarmfs"
