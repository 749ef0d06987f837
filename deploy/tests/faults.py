"""Three relays in network namespaces of their own, real clients beside them, and what goes wrong.

    deploy/tests/run faults            reduced numbers, as ./test does
    deploy/tests/run faults full       the numbers of docs/reliability.md: about 17 minutes

Needs root, for the namespaces. Everything happens in a network namespace made for it (see `run`).
"""
import asyncio
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from edge import relay_program

FULL = "full" in sys.argv[1:]
PATIENCE = 20
CLIENTS, PEERS, ADMIN = 8080, 8081, 9090
HERE = "10.213.0.1"


def scale(reduced, full):
    return full if FULL else reduced


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


class Names:
    """A name server whose answers change, and may be late. It knows relay-0.test and so on."""

    def __init__(self):
        self.addresses, self.delay = {}, 0.0

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        pass

    def error_received(self, _):
        pass

    def datagram_received(self, query, sender):
        asyncio.get_running_loop().call_later(self.delay, self.answer, query, sender)

    def answer(self, query, sender):
        end, labels = 12, []
        while query[end]:
            labels.append(query[end + 1 : end + 1 + query[end]].decode())
            end += 1 + query[end]
        question, kind = query[12 : end + 5], int.from_bytes(query[end + 1 : end + 3])
        address = self.addresses.get(".".join(labels).lower())
        code = 0 if address else 3
        answers = b""
        if address and kind == 1:
            answers = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address)
        head = query[:2] + bytes([0x85, 0x80 | code]) + b"\0\1" + (b"\0\1" if answers else b"\0\0") + b"\0\0\0\0"
        if not self.transport.is_closing():
            self.transport.sendto(head + question + answers, sender)


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


def say(text):
    print(f"faults: {text}", flush=True)


async def within(seconds, what, attempt):
    """How long it takes until it works. Fails beyond so many seconds."""
    since = time.monotonic()
    while True:
        try:
            await attempt()
            return time.monotonic() - since
        except (Refused, ConnectionError, OSError, TimeoutError) as error:
            assert time.monotonic() - since < seconds, f"{what}: {error!r} after {seconds} s"
            await asyncio.sleep(0.05)


# 1

async def killed(cluster):
    """One of three is killed: its own tunnels end, soon, and no other loses a message."""
    number = scale(150, 1000)
    relays = cluster.relays

    async def pair(n):
        owner, entry = relays[n % 3], relays[n // 3 % 3]
        tunnel = tunnel_id()
        phone = await Peer.ask(owner.host, f"/cable/new/{tunnel}")
        laptop = await Peer.ask(entry.host, f"/cable/connect/{phone.routing}/{tunnel}")
        return owner, entry, phone, laptop

    tunnels = []
    for start in range(0, number, 50):
        tunnels += await asyncio.gather(*(pair(n) for n in range(start, min(start + 50, number))))
    lost = [tunnel for tunnel in tunnels if relays[0] in tunnel[:2]]
    kept = [tunnel for tunnel in tunnels if relays[0] not in tunnel[:2]]
    # Everybody talks while it happens.
    talk = asyncio.gather(*(exchange(phone, laptop, MESSAGES[:4] * 3, pause=0.3) for _, _, phone, laptop in kept))
    await asyncio.sleep(0.5)
    since = time.monotonic()
    relays[0].kill()

    async def hears(peer):
        async with asyncio.timeout(5):
            while await peer.receive() is not None:
                pass
        return time.monotonic() - since

    heard = await asyncio.gather(*(hears(peer) for tunnel in lost for peer in tunnel[2:]))
    again = await within(5, "new sign-ins", lambda: sign_in(relays[1].host, relays[2].host))
    await talk
    for tunnel in tunnels:
        tunnel[2].close()
        tunnel[3].close()
    await relays[0].ended()
    await relays[0].start()
    back = await within(5, "sign-ins at the instance that is back", lambda: sign_in(relays[0].host, relays[1].host))
    say(f"1 killed one of three with {number} tunnels: {len(lost)} of its own ended, the last peer heard after "
        f"{max(heard):.2f} s; {len(kept)} others lost no message; new sign-ins after {again:.2f} s, {back:.2f} s once it was back")


# 2

async def rolled(cluster):
    """All three are restarted one after the other under load, and come back at other addresses, which
    name servers learn late: no sign-in fails."""
    relays = cluster.relays
    seconds, rate = scale(12, 120), 20
    # What a name server keeps, and the relay 5 s more: until then a new pod is not ready, by
    # peers.findSeconds of the chart.
    kept = scale(1, 30)
    ready = set(relays)
    found_at = dict.fromkeys(relays, 0.0)
    counts = {"done": 0, "again": 0}

    async def balance():
        """What a load balancer knows."""
        while True:
            for relay in relays:
                status, _ = await relay.get("/readyz")
                is_ready = status == 200 and time.monotonic() >= found_at[relay]
                (ready.add if is_ready else ready.discard)(relay)
            await asyncio.sleep(0.2)

    async def one():
        for attempt in (1, 2):
            tunnel = tunnel_id()
            try:
                phone = await Peer.ask(random.choice([*ready]).host, f"/cable/new/{tunnel}")
                break
            except (Refused, ConnectionError, OSError):
                # A client may retry a refused `new` once.
                assert attempt == 1, "a phone was refused twice"
                counts["again"] += 1
                await asyncio.sleep(1)
        await asyncio.sleep(random.uniform(0.2, 1.0))
        laptop = await Peer.ask(random.choice([*ready]).host, f"/cable/connect/{phone.routing}/{tunnel}")
        await exchange(phone, laptop, pause=random.uniform(0.0, 0.2))
        phone.close()
        laptop.close()
        counts["done"] += 1

    watch = asyncio.create_task(balance())

    async def roll():
        for relay in relays:
            await asyncio.sleep(seconds / 6)
            # A pod is taken off the list before it is told to stop (preStop).
            relay.kill(signal.SIGTERM)
            assert await relay.ended() == 0
            ready.discard(relay)
            found_at[relay] = time.monotonic() + kept + 5
            relay.move(f"10.213.3.{relay.slot}", known_after=kept)
            await relay.start()
            async with asyncio.timeout(kept + PATIENCE):
                while relay not in ready:
                    await asyncio.sleep(0.1)

    rolling = asyncio.create_task(roll())
    sign_ins = []
    since = time.monotonic()
    while time.monotonic() - since < seconds or not rolling.done():
        sign_ins.append(asyncio.create_task(one()))
        await asyncio.sleep(1 / rate)
    await rolling
    failed = [repr(error) for error in await asyncio.gather(*sign_ins, return_exceptions=True) if error]
    watch.cancel()
    assert not failed, f"{len(failed)} of {len(sign_ins)} failed: {failed[:3]}"
    say(f"2 rolled all three, each to another address that names had after {kept} s, under {rate} sign-ins a second for {time.monotonic() - since:.0f} s: {counts['done']} sign-ins, "
        f"{counts['again']} phones asked twice, 0 failed")


# 3

async def partitioned(cluster):
    """Two of three lose sight of each other, again and again: nothing is left behind."""
    first, second, third = cluster.relays[:3]
    rounds, seconds = scale(3, 20), scale(1.5, 30)

    async def wall(action):
        for direction in (["INPUT", "-s"], ["OUTPUT", "-d"]):
            first.inside("iptables", action, direction[0], direction[1], second.host, "-j", "DROP")

    async def waiting():
        tunnel = tunnel_id()
        phone = await Peer.ask(second.host, f"/cable/new/{tunnel}")
        return phone, f"/cable/connect/{phone.routing}/{tunnel}"

    refused, healed, held = [], [], []
    for number in range(rounds):
        await wall("-A")
        until = time.monotonic() + seconds
        phone, path = await waiting()
        while time.monotonic() < until:
            since = time.monotonic()
            try:
                await Peer.ask(first.host, path)
                raise AssertionError("the wall has a hole")
            except Refused as error:
                assert error.status == 503 and error.again, error
            refused.append(time.monotonic() - since)
            await asyncio.gather(
                sign_in(second.host, third.host), sign_in(third.host, first.host), sign_in(first.host, third.host)
            )
            await asyncio.sleep(scale(0.1, 1))
        await wall("-D")
        healed.append(await within(5, "the hop", lambda: sign_in(second.host, first.host)))
        phone.close()
        await asyncio.sleep(0.5)
        held.append(await first.held())
    assert max(refused) < 5, max(refused)
    (fds, threads, memory), last = held[0], held[-1]
    assert last[0] <= fds + 3 and last[1] <= threads + 2, f"grew from {held[0]} to {last}"
    assert last[2] <= memory + 4096, f"grew from {held[0]} to {last}"
    say(f"3 parted two of three {rounds} times for {seconds} s: 503 after {max(refused):.2f} s at most, healed after "
        f"{max(healed):.2f} s at most; from {held[0]} to {last} descriptors, threads, KiB")


# 4

async def reborn(cluster):
    """An instance comes back in its slot: ids of its earlier life are nobody's."""
    relays = cluster.relays
    tunnel = tunnel_id()
    old = await Peer.ask(relays[0].host, f"/cable/new/{tunnel}")
    relays[0].kill()
    await relays[0].ended()
    # A pod takes longer than that to come back; generations are seconds.
    await asyncio.sleep(1.1)
    await relays[0].start()
    # A stranger under the very same tunnel id.
    stranger = await Peer.ask(relays[0].host, f"/cable/new/{tunnel}")
    assert stranger.routing != old.routing
    worst = 0.0
    for relay in relays:
        since = time.monotonic()
        try:
            await Peer.ask(relay.host, f"/cable/connect/{old.routing}/{tunnel}")
            raise AssertionError("an old id met a stranger")
        except Refused as error:
            # Another instance may still hold it for down, for a second at most.
            if error.status == 503:
                await asyncio.sleep(1.1)
                try:
                    await Peer.ask(relay.host, f"/cable/connect/{old.routing}/{tunnel}")
                    raise AssertionError("an old id met a stranger") from None
                except Refused as second:
                    error = second
            assert error.status == 404, error
        worst = max(worst, time.monotonic() - since)
    laptop = await Peer.ask(relays[1].host, f"/cable/connect/{stranger.routing}/{tunnel}")
    await exchange(stranger, laptop)
    for peer in (old, stranger, laptop):
        peer.close()
    say(f"4 an instance came back: its old ids got 404 at all three, the last after {worst:.2f} s, and met nobody")


# 5

async def scaled(cluster):
    """From three to one to five, and names that are missing, late, or somewhere else now."""
    relays = cluster.relays
    ready = set(relays)
    stop = asyncio.Event()
    done = 0

    async def load():
        nonlocal done
        while not stop.is_set():
            await sign_in(random.choice([*ready]).host, random.choice([*ready]).host)
            done += 1
            await asyncio.sleep(0.02)

    work = [asyncio.create_task(load()) for _ in range(4)]
    await asyncio.sleep(1)
    for relay in (relays[2], relays[1]):
        ready.discard(relay)
        # What is under way finishes; then it is told to stop.
        await asyncio.sleep(1)
        relay.kill(signal.SIGTERM)
        assert await relay.ended() == 0
        del cluster.names.addresses[f"relay-{relay.slot}.test"]
    await asyncio.sleep(1)
    for relay in relays[1:3]:
        cluster.names.addresses[f"relay-{relay.slot}.test"] = relay.host
        await relay.start()
    await cluster.grow(5)
    # As soon as each can reach each other, all get clients.
    for one in relays:
        for other in relays:
            await within(5, "a hop after scaling up", lambda one=one, other=other: sign_in(one.host, other.host))
    ready.update(relays)
    await asyncio.sleep(scale(1, 10))
    stop.set()
    await asyncio.gather(*work)

    asking, owner = relays[0], relays[4]

    async def refused(what):
        since = time.monotonic()
        try:
            await Peer.ask(asking.host, f"/cable/connect/004000/{tunnel_id()}")
            raise AssertionError(f"{what}: not refused")
        except Refused as error:
            assert error.status == 503, f"{what}: {error}"
        return time.monotonic() - since

    # A failed dial forgets the address, and the next one, a second later, asks for it.
    owner.kill()
    await owner.ended()
    await refused("an instance that is gone")
    known = cluster.names.addresses.pop("relay-4.test")
    await asyncio.sleep(1.1)
    missing = await refused("no such name")
    cluster.names.addresses["relay-4.test"] = known
    await owner.start()
    cluster.names.delay = 5.0
    await asyncio.sleep(1.1)
    late = await refused("a late name")
    cluster.names.delay = 0.0
    await within(12, "the name is on time", lambda: sign_in(owner.host, asking.host))
    assert max(missing, late) < scale(3, 1.5), (missing, late)

    owner.kill()
    await owner.ended()
    owner.move("10.213.2.4")
    await owner.start()
    moved = await within(8, "the new address", lambda: sign_in(owner.host, asking.host))
    say(f"5 scaled 3 to 1 to 5 under {done} sign-ins, 0 failed; a missing name gave 503 after {missing:.2f} s, a late one after "
        f"{late:.2f} s; a new address was found after {moved:.2f} s")


# 6, forged, expired, replayed and looped requests, and routing ids of every value, is a test of the
# relay itself: crates/relay/tests/peers/guard.rs and failures.rs.

# 7

async def lossy(cluster):
    """A slow path between clients and relays that loses packets: sign-ins take longer and nothing else.
    Names are not looked up over that path."""
    relays = cluster.relays[:3]
    for relay in relays:
        for where in ([], ["ip", "netns", "exec", relay.space]):
            device = "eth0" if where else relay.device
            sh(*where, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", "256kbit", "burst", "16k", "latency", "400ms")
        relay.inside("iptables", "-A", "INPUT", "-s", HERE, "-p", "tcp", "-m", "statistic", "--mode", "random", "--probability", "0.02", "-j", "DROP")
        sh("iptables", "-A", "INPUT", "-s", relay.host, "-p", "tcp", "-m", "statistic", "--mode", "random", "--probability", "0.02", "-j", "DROP")
    took = []

    async def one(_):
        since = time.monotonic()
        await sign_in(random.choice(relays).host, random.choice(relays).host)
        took.append(time.monotonic() - since)

    for _ in range(scale(10, 100)):
        await asyncio.gather(*(one(n) for n in range(4)))
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    assert p95 < 5, p95
    for relay in relays:
        for reason in ("websocket_violation", "internal", "message_too_big"):
            name = f'hawser_relay_tunnels_closed_total{{reason="{reason}",state="paired"}}'
            assert await relay.metric(name) == 0, name
    say(f"7 2 % loss and 256 kbit/s: {len(took)} sign-ins, p50 {p50:.2f} s, p95 {p95:.2f} s, no protocol error")


FAULTS = [killed, rolled, partitioned, reborn, scaled, lossy]


async def all_of_them(names):
    for fault in FAULTS:
        if names and fault.__name__ not in names:
            continue
        async with Cluster() as cluster:
            try:
                await fault(cluster)
            except BaseException:
                cluster.log.flush()
                print(pathlib.Path(cluster.log.name).read_text()[-3000:], file=sys.stderr)
                raise


def run():
    # A network of its own: nothing here can meet anybody else's, and all of it goes with the process.
    command = ["unshare", "--net", "--", sys.executable, __file__, *(["full"] if FULL else [])]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sh("ip", "link", "set", "lo", "up")
    asyncio.run(all_of_them([name for name in sys.argv[1:] if name != "full"]))
