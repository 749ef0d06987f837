"""Three relays and more in network namespaces of their own, with a name server and clients beside them."""
import asyncio
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from edge import relay_program
from names import Names

PATIENCE = 20
CLIENTS, PEERS, ADMIN = 8080, 8081, 9090
HERE = "10.213.0.1"


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


class Refused(Exception):
    def __init__(self, status, again):
        super().__init__(str(status))
        self.status, self.again = status, again


class Peer:
    """A phone or a laptop."""

    @classmethod
    async def ask(cls, host, path):
        self = cls()
        async with asyncio.timeout(PATIENCE):
            self.reader, self.writer = await asyncio.open_connection(host, CLIENTS)
            self.writer.write(
                f"GET {path} HTTP/1.1\r\nHost: cable\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: fido.cable\r\n\r\n".encode()
            )
            try:
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError as error:
                self.close()
                raise ConnectionError("no answer") from error
        status = int(head.split(" ")[1])
        if status != 101:
            self.close()
            raise Refused(status, "retry-after" in head.lower())
        found = re.search(r"(?i)x-cable-routing-id: (\w+)", head)
        self.routing = found and found[1]
        return self

    def send(self, payload):
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + length.to_bytes(2)
        # A mask of zeros is one.
        self.writer.write(b"\x82" + size + bytes(4) + payload)

    async def receive(self):
        """The next message; None at the end."""
        while True:
            try:
                first, second = await self.reader.readexactly(2)
                length = second & 127
                if length == 126:
                    length = int.from_bytes(await self.reader.readexactly(2))
                payload = await self.reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if first & 15 == 2:
                return payload
            if first & 15 == 8:
                return None

    def close(self):
        self.writer.close()


def tunnel_id():
    return os.urandom(16).hex()


# Bytes of the messages of a sign-in; the laptop begins, and both take turns.
MESSAGES = (81, 81, 324, 500, 1100, 33)


async def exchange(phone, laptop, messages=MESSAGES, pause=0.0):
    for number, length in enumerate(messages):
        one, other = (laptop, phone) if number % 2 == 0 else (phone, laptop)
        sent = os.urandom(length)
        one.send(sent)
        async with asyncio.timeout(PATIENCE):
            got = await other.receive()
        if got is None:
            raise ConnectionError("the tunnel ended")
        assert got == sent, "another message arrived"
        await asyncio.sleep(pause)


async def sign_in(phone_at, laptop_at, pause=0.0):
    tunnel = tunnel_id()
    phone = await Peer.ask(phone_at, f"/cable/new/{tunnel}")
    try:
        laptop = await Peer.ask(laptop_at, f"/cable/connect/{phone.routing}/{tunnel}")
        try:
            await exchange(phone, laptop, pause=pause)
        finally:
            laptop.close()
    finally:
        phone.close()


class Relay:
    """One instance, in a namespace of its own."""

    def __init__(self, cluster, slot):
        self.cluster, self.slot = cluster, slot
        self.space = f"hawser{os.getpid()}-{slot}"
        self.device = f"hw{slot}"
        self.process = None
        self.host = f"10.213.1.{slot}"
        etc = pathlib.Path("/etc/netns") / self.space
        etc.mkdir(parents=True)
        (etc / "resolv.conf").write_text(f"nameserver {HERE}\noptions timeout:10 attempts:1\n")
        sh("ip", "netns", "add", self.space)
        sh("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        sh("ip", "link", "set", self.device, "master", "br0", "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{self.host}/16", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")
        cluster.names.addresses[f"relay-{slot}.test"] = self.host

    def inside(self, *command):
        return sh("ip", "netns", "exec", self.space, *command)

    async def start(self, drain=30):
        cluster = self.cluster
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HAWSER_")}
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.space, cluster.program, f"--listen={self.host}:{CLIENTS}",
             f"--admin={self.host}:{ADMIN}", f"--peer-listen=0.0.0.0:{PEERS}",
             f"--peer-template=relay-{{slot}}.test.:{PEERS}", "--peer-count=5", f"--peer-slot={self.slot}",
             f"--peer-key-file={cluster.folder}/peer.key", "--threads=1", f"--drain-time={drain}s", "--no-quotas"],
            env=environment, stdin=subprocess.DEVNULL, stderr=cluster.log,
        )
        await self.until_ready()

    async def get(self, path):
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(self.host, ADMIN)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                text = (await reader.read()).decode()
                writer.close()
                return int(text.split(" ")[1]), text
        except (OSError, TimeoutError, IndexError):
            return 0, ""

    async def until_ready(self):
        async with asyncio.timeout(PATIENCE):
            while (await self.get("/readyz"))[0] != 200:
                await asyncio.sleep(0.05)

    async def metric(self, name):
        _, text = await self.get("/metrics")
        values = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert values, f"no metric {name}"
        return float(values[0])

    async def held(self):
        """File descriptors, threads and resident KiB, and the connections it has."""
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
        subprocess.run(["ip", "netns", "del", self.space], check=False)
        shutil.rmtree(pathlib.Path("/etc/netns") / self.space, ignore_errors=True)


class Cluster:
    async def __aenter__(self):
        self.program = relay_program()
        self.folder = tempfile.mkdtemp()
        (pathlib.Path(self.folder) / "peer.key").write_text("0" * 32)
        self.log = open(f"{self.folder}/log", "w")
        self.relays = []
        sh("ip", "link", "add", "br0", "type", "bridge")
        sh("ip", "address", "add", f"{HERE}/16", "dev", "br0")
        sh("ip", "link", "set", "br0", "up")
        self.names = Names()
        loop = asyncio.get_running_loop()
        self.server, _ = await loop.create_datagram_endpoint(lambda: self.names, local_addr=(HERE, 53))
        await self.grow(3)
        return self

    async def grow(self, count):
        added = [Relay(self, slot) for slot in range(len(self.relays), count)]
        self.relays += added
        await asyncio.gather(*(relay.start() for relay in added))

    async def __aexit__(self, *_):
        for relay in self.relays:
            relay.remove()
        self.server.close()
        # The loop closes its socket at its next turn.
        await asyncio.sleep(0.1)
        sh("ip", "link", "del", "br0")
        shutil.rmtree(self.folder)
