#!/bin/sh
# Starts a node with embedded defaults on /swarm, in the foreground.
set -eu
cd "$(dirname "$0")/.."
scripts/install-deps.sh run
scripts/publish.sh
swarmfs=$PWD/artifacts/swarmfs/swarmfs
cat <<TEXT

Starting a node on /swarm. Ctrl-C stops it and unmounts. While it runs, try in another terminal:

  S=$swarmfs
  ls /swarm/pkgs | wc -l                # all that this system's apt sources list, a few seconds from now
  cp -a /swarm/pkgs/hello/latest/. out/ # unpacked on first use, from the archive that the distribution signed
  \$S verify hello                      # why that is believed
  \$S status                            # who the node is, what it holds, who it talks to

On a second machine, with the address of this one and the key that \$S id prints here:

  \$S up --peer ADDRESS:7401 --trust KEY    # then read the same paths there: block by block from here

TEXT
exec "$swarmfs" up
