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
  \$S import apt hello                  # from this system's apt sources, evidence checked
  ls -l /swarm/pkgs/hello/             # it is there
  cp -a /swarm/pkgs/hello/latest/. out/
  \$S status                            # who the node is, what it holds, who it talks to

On a second machine, with the address of this one:

  \$S up --peer ADDRESS:7401            # then read the same paths there: block by block from here

TEXT
exec "$swarmfs" up
