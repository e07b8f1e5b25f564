#!/usr/bin/env python3
"""What every read-only tree must do, seen through system calls.

    conformance.py build DIR            makes a reference tree on an ordinary filesystem
    conformance.py check DIR MOUNT [--no-xattrs]    compares a mount of the same tree with it

Prints one line a check and ends with 1 when one fails. Nothing in it knows who serves the mount.
"""
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

libc = ctypes.CDLL(None, use_errno=True)


def content(seed, size):
    return random.Random(seed).randbytes(size)


def build(top):
    def put(name, data, mode=0o644):
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    for size in (0, 1, 511, 4095, 4096, 4097, 65536, 131071, 131072, 1048576, 1048577, 5 * 1048576 + 13):
        put("sizes/%d" % size, content(size, size))
    put("names/" + "n" * 255, b"long name")
    put("names/ leading and trailing ", b"spaces")
    put("names/\u00fcml\u00e4ut-\u4e2d\u6587", b"utf-8")
    put("names/-dash", b"dash")
    put("names/..three", b"dots")
    for mode in (0o400, 0o644, 0o755, 0o777, 0o4755, 0o2755, 0o1644, 0o000):
        put("modes/%04o" % mode, b"mode", mode)
    owned = put("owners/owned", b"owned")
    os.chown(owned, 1234, 2345)
    put("links/first", b"hard")
    os.link(os.path.join(top, "links/first"), os.path.join(top, "links/second"))
    os.link(os.path.join(top, "links/first"), os.path.join(top, "links/third"))
    os.symlink("first", os.path.join(top, "links/relative"))
    os.symlink("/nowhere/at/all", os.path.join(top, "links/dangling"))
    os.symlink("../sizes", os.path.join(top, "links/to-directory"))
    os.symlink("loop", os.path.join(top, "links/loop"))
    os.symlink("l" * 4000, os.path.join(top, "links/long"))
    os.makedirs(os.path.join(top, "empty"))
    os.makedirs(os.path.join(top, *(["deep"] * 20)))
    put("/".join(["deep"] * 20) + "/bottom", b"bottom")
    for i in range(1000):
        put("many/%04d" % i, b"%d" % i)
    attributed = put("xattrs/file", b"attributed")
    os.setxattr(attributed, "user.empty", b"")
    os.setxattr(attributed, "user.text", b"value")
    os.setxattr(attributed, "user.large", content(7, 2000))
    put("xattrs/none", b"")
    shutil.copy("/bin/true", os.path.join(top, "program"))
    for name, ns in (("nanoseconds", 1_234_567_890_123_456_789), ("epoch", 0), ("before", -86_400_000_000_000), ("late", 4_000_000_000_000_000_001)):
        os.utime(put("times/" + name, b"time"), ns=(ns, ns))
    os.utime(os.path.join(top, "many"), ns=(10**18, 10**18))


def paths(top):
    yield ""
    for d, ds, fs in os.walk(top):
        for n in ds + fs:
            yield os.path.relpath(os.path.join(d, n), top)


def refuses(number, action, *args, **kwargs):
    try:
        action(*args, **kwargs)
    except OSError as e:
        assert e.errno == number, "%s instead of %s" % (errno.errorcode[e.errno], errno.errorcode[number])
        return
    raise AssertionError("succeeded, expected " + errno.errorcode[number])


class Suite:
    def __init__(self, ref, mnt, has_xattrs):
        self.ref, self.mnt, self.has_xattrs = ref, mnt, has_xattrs

    def both(self, rel):
        return os.path.join(self.ref, rel), os.path.join(self.mnt, rel)

    def check_names_agree(self):
        assert sorted(paths(self.ref)) == sorted(paths(self.mnt))

    def check_stat_agrees(self):
        for rel in paths(self.ref):
            r, m = (os.lstat(p) for p in self.both(rel))
            fields = ["st_mode", "st_uid", "st_gid", "st_mtime_ns"]
            fields += [] if stat.S_ISDIR(r.st_mode) else ["st_size", "st_nlink"]
            if rel == "":
                fields = []
            for f in fields:
                assert getattr(r, f) == getattr(m, f), "%s of %r: %r, mount %r" % (f, rel, getattr(r, f), getattr(m, f))
            assert (m.st_blocks * 512 >= m.st_size) or stat.S_ISDIR(m.st_mode) or stat.S_ISLNK(m.st_mode), rel

    def check_inode_numbers_and_types_of_readdir_agree_with_stat(self):
        for d, _, _ in os.walk(self.mnt):
            for e in os.scandir(d):
                s = os.lstat(e.path)
                assert e.inode() == s.st_ino, e.path
                assert e.is_symlink() == stat.S_ISLNK(s.st_mode), e.path
                assert e.is_dir(follow_symlinks=False) == stat.S_ISDIR(s.st_mode), e.path

    def check_hard_links_share_an_inode(self):
        inos = {os.stat(os.path.join(self.mnt, "links", n)).st_ino for n in ("first", "second", "third")}
        assert len(inos) == 1

    def check_links_point_where_they_should(self):
        for n in ("relative", "dangling", "to-directory", "loop", "long"):
            r, m = self.both("links/" + n)
            for _ in range(2):
                assert os.readlink(r) == os.readlink(m), n
        refuses(errno.ELOOP, os.stat, os.path.join(self.mnt, "links/loop"))
        refuses(errno.ENOENT, os.stat, os.path.join(self.mnt, "links/dangling"))
        refuses(errno.EINVAL, os.readlink, os.path.join(self.mnt, "links/first"))

    def check_contents_agree(self):
        for rel in paths(self.ref):
            r, m = self.both(rel)
            if stat.S_ISREG(os.lstat(r).st_mode):
                with open(r, "rb") as a, open(m, "rb") as b:
                    assert a.read() == b.read(), rel

    def check_pread_at_odd_places(self):
        for size in (0, 1, 4095, 4097, 1048577):
            r, m = self.both("sizes/%d" % size)
            with open(r, "rb") as a, open(m, "rb") as b:
                for off in (0, 1, size // 2, max(size - 1, 0), size, size + 1, size + 10**6, 2**40):
                    for n in (1, 17, 4096, 200000):
                        assert os.pread(a.fileno(), n, off) == os.pread(b.fileno(), n, off), (size, off, n)

    def check_random_preads(self):
        r, m = self.both("sizes/%d" % (5 * 1048576 + 13))
        rnd = random.Random(1)
        with open(r, "rb") as a, open(m, "rb") as b:
            for _ in range(300):
                off, n = rnd.randrange(0, 5300000), rnd.choice((1, 100, 4096, 5000, 131072))
                assert os.pread(a.fileno(), n, off) == os.pread(b.fileno(), n, off), (off, n)

    def check_mmap(self):
        for size in (1, 4097, 1048577):
            r, m = self.both("sizes/%d" % size)
            with open(r, "rb") as a, open(m, "rb") as b:
                with mmap.mmap(b.fileno(), 0, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ) as shared:
                    assert a.read() == shared[:]
                with mmap.mmap(b.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as private:
                    private[0] = 255 - private[0]
                a.seek(0)
                assert a.read() == b.read()

    def check_direct_io(self):
        r, m = self.both("sizes/1048577")
        fd = os.open(m, os.O_RDONLY | os.O_DIRECT)
        try:
            with open(r, "rb") as a, mmap.mmap(-1, 262144) as buffer:
                for off in (0, 4096, 524288, 1048576):
                    n = os.preadv(fd, [buffer], off)
                    assert os.pread(a.fileno(), 262144, off) == buffer[:n], off
        finally:
            os.close(fd)

    def check_offsets_of_readdir_survive_seeks(self):
        libc.opendir.restype = ctypes.c_void_p
        libc.readdir.restype = ctypes.c_void_p
        libc.telldir.restype = ctypes.c_long
        for f in (libc.readdir, libc.telldir, libc.closedir, libc.rewinddir):
            f.argtypes = [ctypes.c_void_p]
        libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]

        def name(entry):
            return ctypes.string_at(entry + 19)

        d = libc.opendir(os.fsencode(os.path.join(self.mnt, "many")))
        try:
            seen = []
            while True:
                where = libc.telldir(d)
                e = libc.readdir(d)
                if not e:
                    break
                seen.append((where, name(e)))
            assert len(seen) == 1002, len(seen)
            assert len({n for _, n in seen}) == 1002
            for where, n in random.Random(2).sample(seen, 200):
                libc.seekdir(d, where)
                assert name(libc.readdir(d)) == n
            libc.rewinddir(d)
            assert name(libc.readdir(d)) == seen[0][1]
        finally:
            libc.closedir(d)

    def check_listings_are_the_same_each_time(self):
        for rel in ("many", "links", "empty", ""):
            listings = {tuple(os.listdir(os.path.join(self.mnt, rel))) for _ in range(3)}
            assert len(listings) == 1

    def check_what_is_not_there(self):
        for _ in range(2):
            refuses(errno.ENOENT, os.lstat, os.path.join(self.mnt, "absent"))
            refuses(errno.ENOENT, open, os.path.join(self.mnt, "sizes/absent"))
            refuses(errno.ENOTDIR, os.lstat, os.path.join(self.mnt, "sizes/1/below"))
            refuses(errno.ENAMETOOLONG, os.lstat, os.path.join(self.mnt, "n" * 256))
            refuses(errno.ENOTDIR, os.listdir, os.path.join(self.mnt, "sizes/1"))

    def check_nothing_can_be_written(self):
        m = os.path.join(self.mnt, "sizes/1")
        d = os.path.join(self.mnt, "sizes")
        ro = errno.EROFS
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND):
            refuses(ro, os.open, m, flags)
        refuses(ro, os.open, d + "/new", os.O_CREAT | os.O_WRONLY)
        refuses(ro, os.mkdir, d + "/new")
        refuses(ro, os.unlink, m)
        refuses(ro, os.rmdir, os.path.join(self.mnt, "empty"))
        refuses(ro, os.rename, m, d + "/new")
        refuses(ro, os.link, m, d + "/new")
        refuses(ro, os.symlink, "x", d + "/new")
        refuses(ro, os.mkfifo, d + "/new")
        refuses(ro, os.chmod, m, 0o600)
        refuses(ro, os.chown, m, 1, 1)
        refuses(ro, os.utime, m)
        refuses(ro, os.truncate, m, 0)
        refuses(ro, os.setxattr, m, "user.x", b"")
        refuses(ro, os.removexattr, m, "user.x")
        assert not os.access(m, os.W_OK) and os.access(m, os.R_OK)
        assert os.lstat(m).st_size == 1

    def check_extended_attributes(self):
        r, m = self.both("xattrs/file")
        if not self.has_xattrs:
            refuses(errno.EOPNOTSUPP, os.getxattr, m, "user.text")
            return
        assert sorted(os.listxattr(r)) == sorted(os.listxattr(m))
        for n in os.listxattr(r):
            assert os.getxattr(r, n) == os.getxattr(m, n), n
        refuses(errno.ENODATA, os.getxattr, m, "user.absent")
        assert os.listxattr(os.path.join(self.mnt, "xattrs/none")) == []
        path, large = os.fsencode(m), b"user.large"
        assert libc.getxattr(path, large, None, 0) == 2000
        small = ctypes.create_string_buffer(1999)
        assert libc.getxattr(path, large, small, 1999) == -1 and ctypes.get_errno() == errno.ERANGE
        exact = ctypes.create_string_buffer(2000)
        assert libc.getxattr(path, large, exact, 2000) == 2000 and exact.raw == os.getxattr(r, "user.large")
        assert libc.getxattr(path, b"user.empty", small, 100) == 0
        size = libc.listxattr(path, None, 0)
        assert size == sum(len(n) + 1 for n in os.listxattr(r))
        assert libc.listxattr(path, small, size - 1) == -1 and ctypes.get_errno() == errno.ERANGE

    def check_statvfs(self):
        s = os.statvfs(self.mnt)
        assert s.f_namemax == 255 and s.f_bsize > 0 and s.f_flag & os.ST_RDONLY and s.f_flag & os.ST_NOSUID, s

    def check_seek_data_and_hole(self):
        with open(os.path.join(self.mnt, "sizes/4097"), "rb") as f:
            assert os.lseek(f.fileno(), 0, os.SEEK_DATA) == 0
            assert 0 < os.lseek(f.fileno(), 0, os.SEEK_HOLE) <= 4097
            refuses(errno.ENXIO, os.lseek, f.fileno(), 4097, os.SEEK_DATA)
            assert os.lseek(f.fileno(), 0, os.SEEK_END) == 4097

    def check_calls_that_must_be_harmless(self):
        with open(os.path.join(self.mnt, "sizes/1"), "rb") as f:
            os.fsync(f.fileno())
            os.fdatasync(f.fileno())
            fcntl.flock(f, fcntl.LOCK_SH)
            fcntl.lockf(f, fcntl.LOCK_SH)
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            assert f.read() == content(1, 1)
        d = os.open(os.path.join(self.mnt, "sizes"), os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(d)
        os.close(d)
        p = os.open(os.path.join(self.mnt, "sizes/1"), os.O_PATH)
        assert os.fstat(p).st_size == 1
        os.close(p)
        inotify = libc.inotify_init()
        assert libc.inotify_add_watch(inotify, os.fsencode(self.mnt), 0xFFF) >= 0
        os.close(inotify)

    def check_copying_out(self):
        r, m = self.both("sizes/1048577")
        with tempfile.TemporaryDirectory() as out:
            shutil.copy2(m, out + "/copied")
            with open(m, "rb") as a, open(out + "/ranged", "wb") as b:
                left = 1048577
                try:
                    while left:
                        n = os.copy_file_range(a.fileno(), b.fileno(), left)
                        if n == 0:
                            break
                        left -= n
                except OSError as e:
                    assert e.errno in (errno.EXDEV, errno.EOPNOTSUPP), e
                else:
                    assert left == 0
            with open(m, "rb") as a, open(out + "/sent", "wb") as b:
                left = 1048577
                while left:
                    left -= os.sendfile(b.fileno(), a.fileno(), None, left)
            with open(r, "rb") as a, open(out + "/copied", "rb") as b, open(out + "/sent", "rb") as c:
                whole = a.read()
                assert whole == b.read() and whole == c.read()

    def check_programs_run(self):
        assert subprocess.run([os.path.join(self.mnt, "program")], check=False).returncode == 0

    def check_working_directory(self):
        where = os.getcwd()
        os.chdir(os.path.join(self.mnt, *(["deep"] * 20)))
        try:
            assert os.getcwd().startswith(os.path.realpath(self.mnt))
            with open("bottom", "rb") as f:
                assert f.read() == b"bottom"
            assert os.stat("..").st_ino == os.stat(os.path.join(self.mnt, *(["deep"] * 19))).st_ino
        finally:
            os.chdir(where)

    def check_sixteen_parallel_readers(self):
        files = [os.path.join(self.mnt, "sizes", n) for n in os.listdir(os.path.join(self.ref, "sizes"))]
        with ProcessPoolExecutor(16) as pool:
            hashes = [pool.submit(digests, files, seed) for seed in range(16)]
            expected = digests([p.replace(self.mnt, self.ref, 1) for p in files], 99)
            for h in hashes:
                assert sorted(h.result().values()) == sorted(expected.values())


def digests(files, seed):
    files = list(files)
    random.Random(seed).shuffle(files)
    result = {}
    for f in files:
        with open(f, "rb") as opened:
            result[f] = hashlib.sha256(opened.read()).hexdigest()
    return result


def main():
    if sys.argv[1] == "build":
        build(sys.argv[2])
        return 0
    suite = Suite(sys.argv[2], sys.argv[3], "--no-xattrs" not in sys.argv)
    failed = 0
    for check in [c for c in dir(suite) if c.startswith("check_")]:
        title = check[len("check_"):].replace("_", " ")
        try:
            getattr(suite, check)()
            print("ok  ", title)
        except Exception as e:
            failed += 1
            print("FAIL", title + ":", type(e).__name__, e)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
