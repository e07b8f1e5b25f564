"""Computes the blocks of a tree from src/SwarmFS.Core/FORMAT.md alone, with the msgpack package of the Python world as codec: an independent second opinion.

Standard input: a JSON array of entries {path, kind, permissions, special, uid, gid, mtime, ns, xattrs, size, target}; byte strings are hexadecimal.
Standard output: the CID of the root, then the CIDs of all blocks in ascending order, one a line.
"""
import base64
import hashlib
import json
import sys

import msgpack

RAW, NODE = b"\x01\x55\x12\x20", b"\x01\x81\x04\x12\x20"
DEFAULT_PERMISSIONS = {0: 0o644, 1: 0o755, 2: 0o777}
GEAR = [int.from_bytes(hashlib.sha256(b"swarmfs gear table" + bytes([i])).digest()[:8], "big") for i in range(256)]
blocks = set()


def put(prefix, data):
    assert len(data) <= 1 << 20
    digest = hashlib.sha256(data).digest()
    blocks.add(prefix + digest)
    return digest


def node(value):
    return put(NODE, msgpack.packb(value, use_bin_type=True))


def content(size):
    return b"".join(hashlib.sha256(i.to_bytes(4, "little")).digest() for i in range((size + 31) // 32))[:size]


def cut(data):
    start = 0
    while start < len(data):
        left, length, hashed = len(data) - start, None, 0
        for i in range(32768, min(left, 524288)):
            hashed = ((hashed << 1) + GEAR[data[start + i]]) & 0xFFFFFFFFFFFFFFFF
            if hashed >> (64 - (19 if i + 1 <= 131072 else 15)) == 0:
                length = i + 1
                break
        length = length or min(left, 524288)
        yield data[start:start + length]
        start += length


def file_content(size, cache={}):
    """Returns (key in the entry, digest)."""
    if size not in cache:
        data = content(size)
        chunks = [data] if size <= 131072 else list(cut(data))
        links = [(put(RAW, chunk), len(chunk)) for chunk in chunks]
        key, level = 10, 0
        while len(links) > 1:
            groups = [links[i:i + 1024] for i in range(0, len(links), 1024)]
            links = [(node({0: 4, 1: level, 2: sum(s for _, s in g), 3: b"".join(d for d, _ in g), 4: [s for _, s in g]}), sum(s for _, s in g)) for g in groups]
            key, level = 11, level + 1
        cache[size] = key, links[0][0]
    return cache[size]


def attributes(e, base):
    difference = (e["mtime"] - base + (1 << 63)) % (1 << 64) - (1 << 63)
    xattrs = [part for pair in sorted((bytes.fromhex(n), bytes.fromhex(v)) for n, v in e["xattrs"]) for part in pair]
    fields = {2: None if e["permissions"] == DEFAULT_PERMISSIONS[e["kind"]] else e["permissions"], 3: e["special"] or None, 4: e["uid"] or None, 5: e["gid"] or None,
              6: difference or None, 7: e["ns"] or None, 8: xattrs or None}
    return {key: value for key, value in fields.items() if value is not None}


def encode_entry(e, base):
    value = {0: e["name"]}
    if e["kind"]:
        value[1] = e["kind"]
    value.update(attributes(e, base))
    if e["kind"] != 2 and e["bytes"]:
        value[9] = e["bytes"]
    if e["kind"] == 2:
        value[12] = e["target"]
    else:
        value[e["key"]] = e["digest"]
    if e.get("descendants"):
        value[13] = e["descendants"]
    if e.get("group"):
        value[14] = e["group"]
    return value


def weight(e):
    return 64 + len(e["name"]) + len(e["target"]) + sum(len(n) // 2 + len(v) // 2 for n, v in e["xattrs"])


def split(items, level, name_of, weight_of):
    group, total = [], 0
    for item in items:
        group.append(item)
        total += weight_of(item)
        zero = int.from_bytes(hashlib.sha256(bytes([level]) + name_of(item)).digest()[:8], "big") % 128 == 0
        if len(group) == 1024 or total >= 131072 or zero:
            yield group
            group, total = [], 0
    if group:
        yield group


def leaf(entries):
    base = entries[0]["mtime"] if entries else 0
    return node({0: 2, 1: base, 2: [encode_entry(e, base) for e in entries]})


def directory(entries):
    if len(entries) <= 1024 and sum(map(weight, entries)) <= 131072:
        return leaf(entries)
    shards = [[g[0]["name"], leaf(g), sum(1 + e.get("descendants", 0) for e in g)] for g in split(entries, 0, lambda e: e["name"], weight)]
    level = 1
    while len(shards) > 1:
        shards = [[g[0][0], node({0: 3, 1: level, 2: g}), sum(s[2] for s in g)] for g in split(shards, level, lambda s: s[0], lambda s: 64 + len(s[0]))]
        level += 1
    return shards[0][1]


def new_directory(name):
    return {"name": name, "kind": 1, "permissions": 0o755, "special": 0, "uid": 0, "gid": 0, "mtime": 0, "ns": 0, "xattrs": [], "target": b"", "children": {}}


groups = {}


def finish(directory_entry):
    entries = [directory_entry["children"][name] for name in sorted(directory_entry["children"])]
    total, descendants = 0, len(entries)
    for e in entries:
        if e["kind"] == 1:
            finish(e)
            total += e["bytes"]
            descendants += e["descendants"]
            continue
        first = True
        if e["linked"][0]:
            first = id(e["linked"]) not in groups
            e["group"] = groups.setdefault(id(e["linked"]), len(groups) + 1)
        total += e["bytes"] if first else 0
    directory_entry.update(bytes=total, descendants=descendants, key=11, digest=directory(entries))


def main():
    root = new_directory(b"")
    for given in json.load(sys.stdin):
        path = bytes.fromhex(given["path"])
        at = root
        parts = path.split(b"/") if path else []
        for part in parts[:-1]:
            at = at["children"].setdefault(part, new_directory(part))
        fields = {key: given[key] for key in ("permissions", "special", "uid", "gid", "mtime", "ns", "xattrs")}
        if given["kind"] == "d":
            entry = at["children"].setdefault(parts[-1], new_directory(parts[-1])) if parts else root
            entry.update(fields)
            continue
        target = bytes.fromhex(given["target"])
        if given["kind"] == "h":
            other = root
            for part in target.split(b"/"):
                other = other["children"][part]
            other["linked"][0] = True
            at["children"][parts[-1]] = dict(other, name=parts[-1])
            continue
        entry = dict(fields, name=parts[-1], kind=0 if given["kind"] == "f" else 2, target=b"" if given["kind"] == "f" else target, linked=[False], bytes=0)
        if given["kind"] == "f":
            entry["bytes"] = given["size"]
            entry["key"], entry["digest"] = file_content(given["size"])
        at["children"][parts[-1]] = entry
    finish(root)
    tree = node({0: 1, 1: 1, 2: attributes(root, 0), 3: root["digest"], 4: 1 + root["descendants"], 5: root["bytes"]})
    for cid in [NODE + tree, *sorted(blocks)]:
        print("b" + base64.b32encode(cid).decode().rstrip("=").lower())


main()
