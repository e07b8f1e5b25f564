"""A BitTorrent peer of scripts/bench-crowd.sh: torrent.py TREE WHERE LISTEN [PEER...]. Without peers it seeds WHERE; with them it begins when a line comes, says when it has everything, and seeds on."""
import os
import sys
import time

import libtorrent

tree, where, listen, *peers = sys.argv[1:]
files = libtorrent.file_storage()
libtorrent.add_files(files, tree)
# Version 1 packs small files together into pieces; version 2 would fill each up to a piece of its own.
torrent = libtorrent.create_torrent(files, 0, libtorrent.create_torrent.v1_only)
libtorrent.set_piece_hashes(torrent, os.path.dirname(tree))
session = libtorrent.session({
    "listen_interfaces": listen, "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "enable_outgoing_utp": False, "enable_incoming_utp": False})
wish = libtorrent.add_torrent_params()
wish.ti, wish.save_path = libtorrent.torrent_info(torrent.generate()), where
if not peers:
    wish.flags |= libtorrent.torrent_flags.seed_mode
handle = session.add_torrent(wish)
print("ready", flush=True)
if peers:
    sys.stdin.readline()
    for peer in peers:
        address, port = peer.rsplit(":", 1)
        handle.connect_peer((address, int(port)))
    while not handle.status().is_seeding:
        time.sleep(0.01)
    print("done", flush=True)
sys.stdin.readline()
