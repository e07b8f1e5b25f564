"""The rounds of scripts/bench-crowd.sh. Every host is a network namespace at one bridge; what it sends is shaped, what it receives is not."""
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = int(os.environ.get("ROUNDS", "3"))
READERS = int(os.environ.get("READERS", "4"))
MBIT = float(os.environ.get("MBIT", "40"))
HERE = os.path.dirname(os.path.abspath(__file__))
SWARMFS = os.path.join(HERE, "../../artifacts/swarmfs/swarmfs")
WAYS = ["pin", "cp", "torrent", "rsync"]


def shell(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


class Hosts:
    """The source is host 0."""

    def __init__(self):
        self.tag = f"swc{os.getpid() % 10000}"

    def __enter__(self):
        hub = self.tag + "hub"
        shell(f"ip netns add {hub}; ip -n {hub} link add br0 type bridge; ip -n {hub} link set br0 up")
        for host in range(READERS + 1):
            space = self.space(host)
            shell(f"ip netns add {space}; ip -n {space} link add e0 type veth peer name v{host} netns {hub}; ip -n {hub} link set v{host} master br0 up")
            shell(f"ip -n {space} link set lo up; ip -n {space} addr add {self.address(host)}/24 dev e0; ip -n {space} link set e0 up")
            shell(f"tc -n {space} qdisc add dev e0 root tbf rate {MBIT}mbit burst 64kb latency 200ms")
        return self

    def __exit__(self, *_):
        for name in [self.tag + "hub"] + [self.space(host) for host in range(READERS + 1)]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def space(self, host):
        return f"{self.tag}n{host}"

    def address(self, host):
        return f"10.214.1.{host + 1}"

    def inside(self, host, *words):
        return ["nsenter", f"--net=/run/netns/{self.space(host)}", *words]

    def sent(self, host):
        return json.loads(shell(f"ip -n {self.space(host)} -s -j link show e0"))[0]["stats64"]["tx"]["bytes"]


def together(commands):
    """Starts all at once; seconds until the last has ended."""
    started = time.monotonic()
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in running:
        error = process.communicate()[1]
        if process.returncode:
            raise SystemExit(f"{process.args} ended with {process.returncode}: {error[-500:]}")
    return time.monotonic() - started


def by_swarmfs(hosts, base, copies, tree, way):
    def node(host, *words):
        return subprocess.run(hosts.inside(host, SWARMFS, "--state", f"{base}/s{host}", *words), check=True, capture_output=True, text=True).stdout

    def up(host, *more):
        os.makedirs(f"{base}/m{host}")
        node(host, "up", "--mount", f"{base}/m{host}", "--listen", f"{hosts.address(host)}:7000", "--sync", "off", "--lan", "off", "--detach", *more)

    started = []
    try:
        started.append(0)
        up(0)
        key = json.loads(node(0, "id", "--json"))["importerKey"]
        node(0, "import", "tree", tree, "--name", "crowd", "--version", "1.0")
        for host in range(1, READERS + 1):
            started.append(host)
            up(host, "--peer", f"{hosts.address(0)}:7000", "--trust", key)
        for host in started[1:]:
            wait(lambda: sum(peer["state"] == "connected" for peer in json.loads(node(host, "peers", "--json"))["peers"]) == READERS, "everybody knows everybody")
            wait(lambda: "1.0" in subprocess.run(["ls", f"{base}/m{host}/pkgs/crowd"], capture_output=True, text=True).stdout.split(), "the name is known")
        before = hosts.sent(0)
        if way == "pin":
            seconds = together([hosts.inside(host, SWARMFS, "--state", f"{base}/s{host}", "pin", "crowd") for host in started[1:]])
        else:
            seconds = together([["cp", "-a", f"{base}/m{host}/pkgs/crowd/1.0", f"{copies}/{host}"] for host in started[1:]])
        sent = hosts.sent(0) - before
        for host in started[1:]:
            shell(f"diff -r {tree} " + (f"{base}/m{host}/pkgs/crowd/1.0" if way == "pin" else f"{copies}/{host}"))
        return seconds, sent
    finally:
        for host in started:
            subprocess.run(hosts.inside(host, SWARMFS, "--state", f"{base}/s{host}", "down"), capture_output=True)
            if subprocess.run(["mountpoint", "-q", f"{base}/m{host}"]).returncode == 0:
                subprocess.run(["umount", "-l", f"{base}/m{host}"])


def by_torrent(hosts, base, copies, tree, _):
    peers = [f"{hosts.address(host)}:7000" for host in range(READERS + 1)]
    running = []
    try:
        for host in range(READERS + 1):
            where = f"{copies}/{host}" if host else os.path.dirname(tree)
            os.makedirs(where, exist_ok=True)
            running.append(subprocess.Popen(
                hosts.inside(host, sys.executable, f"{HERE}/torrent.py", tree, where, peers[host], *(peers[:host] + peers[host + 1:] if host else [])),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for process in running:
            process.stdout.readline()
        before = hosts.sent(0)
        started = time.monotonic()
        for process in running[1:]:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in running[1:]:
            process.stdout.readline()
        seconds, sent = time.monotonic() - started, hosts.sent(0) - before
        for host in range(1, READERS + 1):
            # It carries neither links nor empty directories.
            shell(f"cd {tree} && find . -type f -exec sha256sum {{}} + | (cd {copies}/{host}/{os.path.basename(tree)} && sha256sum -c --quiet)")
        return seconds, sent
    finally:
        for process in running:
            process.kill()
            process.wait()


def by_rsync(hosts, base, copies, tree, _):
    with open(f"{base}/rsyncd.conf", "w") as config:
        config.write(f"port = 7000\naddress = {hosts.address(0)}\nuse chroot = no\nuid = 0\ngid = 0\nreverse lookup = no\nlog file = {base}/rsync.log\n[tree]\npath = {tree}\n")
    server = subprocess.Popen(hosts.inside(0, "rsync", "--daemon", "--no-detach", f"--config={base}/rsyncd.conf"))
    try:
        wait(lambda: subprocess.run(hosts.inside(1, "rsync", f"rsync://{hosts.address(0)}:7000/"), capture_output=True).returncode == 0, "rsync listens")
        before = hosts.sent(0)
        seconds = together([hosts.inside(host, "rsync", "-a", f"rsync://{hosts.address(0)}:7000/tree/", f"{copies}/{host}/") for host in range(1, READERS + 1)])
        return seconds, hosts.sent(0) - before
    finally:
        server.terminate()
        server.wait()


def wait(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"After 30 s still not: {what}.")
        time.sleep(0.1)


def prepare(base):
    """A package as it is, which a line carries packed, and files that cannot be packed."""
    package, files = f"{base}/package", f"{base}/files"
    os.makedirs(package)
    shell(f"cd {base} && apt-get -q=2 -o APT::Sandbox::User=root download adwaita-icon-theme && dpkg-deb -x adwaita-icon-theme_*.deb {package}")
    source = random.Random(5)
    for number in range(200):
        os.makedirs(f"{files}/d{number // 20}", exist_ok=True)
        with open(f"{files}/d{number // 20}/f{number}", "wb") as file:
            file.write(source.randbytes(int(source.paretovariate(0.9) * 20000) % 1500000 + 2000))
    return [("a package of 5,500 files", package), ("200 files of random bytes", files)]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    base = tempfile.mkdtemp(prefix="swarmfs-crowd.", dir=os.environ.get("BENCH_DIR", "/var/tmp"))
    by = {"pin": by_swarmfs, "cp": by_swarmfs, "torrent": by_torrent, "rsync": by_rsync}
    try:
        for name, tree in prepare(base):
            size = sum(os.path.getsize(os.path.join(where, file)) for where, _, files in os.walk(tree) for file in files if not os.path.islink(os.path.join(where, file)))
            alone = size * 8 / MBIT / 1e6
            results = {way: [] for way in WAYS}
            for number in range(ROUNDS):
                for way in WAYS if number % 2 == 0 else WAYS[::-1]:
                    print(f"{name}: round {number + 1} of {ROUNDS}, {way}", file=sys.stderr)
                    # As in bench.sh, copies go to memory: to make thousands of files on a busy disk would hide the difference.
                    work, copies = tempfile.mkdtemp(dir=base), tempfile.mkdtemp(prefix="swarmfs-crowd.", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else base)
                    try:
                        with Hosts() as hosts:
                            results[way].append(by[way](hosts, work, copies, tree, way))
                    finally:
                        shutil.rmtree(work, ignore_errors=True)
                        shutil.rmtree(copies, ignore_errors=True)
            print(f"\n{READERS} newcomers, {MBIT:g} Mbit/s each, {name}, {size / 1e6:.1f} MB: to send it once takes the source {alone:.1f} s")
            for way in WAYS:
                seconds = statistics.median(result[0] for result in results[way])
                sent = statistics.median(result[1] for result in results[way])
                print(f"  {'swarmfs ' + way if way in ('pin', 'cp') else way:14} the last is done after {seconds:6.1f} s = {seconds / alone:5.2f}, the source has sent {sent / 1e6:6.1f} MB = {sent / size:5.2f}")
    finally:
        shutil.rmtree(base, ignore_errors=True)


main()
