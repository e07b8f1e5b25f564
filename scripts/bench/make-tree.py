"""Writes a package-like tree of 5,000 files that is the same everywhere: make-tree.py DIRECTORY.

Sizes follow a log-normal law with a median of 2.5 KiB and a mean of about 9 KiB, cut at 1 MiB: close to what /usr/share of a desktop has. The bytes are words, so
that they are neither all alike nor incompressible.
"""
import os
import random
import sys

FILES, DIRECTORIES = 5000, 250


def main(top):
    source = random.Random(20261121)
    words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz", k=source.randint(2, 11))) for _ in range(4000)]
    text = b" ".join(source.choices(words, k=400_000))
    directories = [top]
    for number in range(DIRECTORIES):
        parent = source.choice(directories[-40:])
        path = os.path.join(parent, f"part-{number:03}")
        os.makedirs(path)
        directories.append(path)
    for number in range(FILES):
        size = min(1 << 20, int(source.lognormvariate(7.82, 1.6)))
        start = source.randrange(len(text) - size) if size < len(text) else 0
        path = os.path.join(source.choice(directories), f"file-{number:04}.txt")
        with open(path, "wb") as file:
            file.write(b"%d\n" % number + text[start:start + size])
        os.utime(path, ns=(1_700_000_000_000_000_000 + number,) * 2)
        if number % 20 == 0:
            os.chmod(path, 0o755)


main(sys.argv[1])
