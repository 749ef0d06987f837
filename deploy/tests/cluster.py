"""Three relays and more in network namespaces of their own, with a name server beside them."""
import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import crowd
from clients import PATIENCE
from names import served
from relays import ask, environment, metric, relay_program
from scenarios.pace import within

PEERS, ADMIN = 8081, 9090
HERE = "10.213.0.1"


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def apart(program, *arguments):
    """Runs a program of this folder in a network of its own: nothing in it can meet anybody else's."""
    subprocess.run(["unshare", "--net", "--", sys.executable, program, *arguments], check=True)


class Relay:
    """One instance, in a namespace of its own."""

    def __init__(self, cluster, slot):
        self.cluster, self.slot = cluster, slot
        self.space = f"hawser{os.getpid()}-{slot}"
        self.device = f"hw{slot}"
        self.process = None
        self.host = f"10.213.1.{slot}"
        self.undo = contextlib.ExitStack()

    def wire(self):
        """Gives it a network, and a name in it."""
        etc = pathlib.Path("/etc/netns") / self.space
        etc.mkdir(parents=True)
        self.undo.callback(shutil.rmtree, etc)
        (etc / "resolv.conf").write_text(f"nameserver {HERE}\noptions timeout:10 attempts:1\n")
        sh("ip", "netns", "add", self.space)
        self.undo.callback(sh, "ip", "netns", "del", self.space)
        sh("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        # Before its namespace, which is taken apart at some later time: the next cluster has a device of this name.
        self.undo.callback(sh, "ip", "link", "del", self.device)
        sh("ip", "link", "set", self.device, "master", "br0", "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{self.host}/16", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")
        self.cluster.names.addresses[f"relay-{self.slot}.test"] = self.host

    def inside(self, *command):
        return sh("ip", "netns", "exec", self.space, *command)

    async def start(self):
        cluster = self.cluster
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.space, cluster.program, f"--listen={self.host}:{crowd.PORT}",
             f"--admin={self.host}:{ADMIN}", f"--peer-listen=0.0.0.0:{PEERS}",
             f"--peer-template=relay-{{slot}}.test.:{PEERS}", "--peer-count=5", f"--peer-slot={self.slot}",
             f"--peer-key-file={cluster.folder}/peer.key", "--threads=1", "--drain-time=30s", "--no-quotas"],
            env=environment(), stdin=subprocess.DEVNULL, stderr=cluster.log,
        )
        await self.until_ready()

    async def is_ready(self):
        status, _ = await asyncio.to_thread(ask, self.host, ADMIN, "/readyz")
        return status == 200

    async def until_ready(self):
        async with asyncio.timeout(PATIENCE):
            while not await self.is_ready():
                await asyncio.sleep(0.05)

    async def metric(self, name):
        return await asyncio.to_thread(metric, self.host, ADMIN, name)

    def held(self):
        """File descriptors, threads and resident KiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        fds = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        number = lambda key: int(re.search(rf"{key}:\s+(\d+)", status)[1])
        return fds, number("Threads"), number("VmRSS")

    def kill(self, what=signal.SIGKILL):
        self.process.send_signal(what)

    async def ended(self):
        async with asyncio.timeout(200):
            while self.process.poll() is None:
                await asyncio.sleep(0.05)
        return self.process.returncode

    def move(self, host, known_after=0.0):
        """Gives the pod another address, as every restart does. Name servers may keep the old one."""
        self.inside("ip", "address", "del", f"{self.host}/16", "dev", "eth0")
        self.inside("ip", "address", "add", f"{host}/16", "dev", "eth0")
        self.host = host
        addresses = self.cluster.names.addresses
        asyncio.get_running_loop().call_later(known_after, addresses.__setitem__, f"relay-{self.slot}.test", host)

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.undo.close()


class Cluster:
    async def __aenter__(self):
        async with contextlib.AsyncExitStack() as self.undo:
            self.program, self.folder = relay_program(), self.undo.enter_context(tempfile.TemporaryDirectory())
            (pathlib.Path(self.folder) / "peer.key").write_text("0" * 32)
            self.log = self.undo.enter_context(open(f"{self.folder}/log", "w"))
            self.undo.push(self.tell)
            sh("ip", "link", "add", "br0", "type", "bridge")
            self.undo.callback(sh, "ip", "link", "del", "br0")
            sh("ip", "address", "add", f"{HERE}/16", "dev", "br0")
            sh("ip", "link", "set", "br0", "up")
            self.names, _ = self.undo.enter_context(served(HERE, 53))
            self.relays = []
            await self.grow(3)
            await self.meet()
            kept = self.undo.pop_all()
        self.undo = kept
        return self

    async def grow(self, count):
        added = [Relay(self, slot) for slot in range(len(self.relays), count)]
        self.relays += added
        for relay in added:
            self.undo.callback(relay.remove)
            relay.wire()
        await asyncio.gather(*(relay.start() for relay in added))

    async def meet(self):
        """Each knows where each other is, so that no fault meets a name that is looked up for the first time."""
        for one in self.relays:
            for other in self.relays:
                await within(PATIENCE, "the first hop", lambda one=one, other=other: crowd.sign_in(one.host, other.host))

    def tell(self, failed, *_):
        """What the relays said, when it may say why."""
        if failed:
            print(pathlib.Path(self.log.name).read_text()[-3000:], file=sys.stderr)

    async def __aexit__(self, *failed):
        await self.undo.__aexit__(*failed)
