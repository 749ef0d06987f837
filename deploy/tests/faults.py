"""Three relays in network namespaces of their own, real clients beside them, and what goes wrong.

    deploy/tests/run faults            reduced numbers, as ./test does
    deploy/tests/run faults full       the numbers of docs/reliability.md: about 17 minutes
    deploy/tests/run faults full killed reborn     some of them

Needs root, for the namespaces. Everything happens in a network namespace made for it (see `run`).
"""
import asyncio
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

from cluster import HERE, MESSAGES, PATIENCE, Cluster, Peer, Refused, exchange, sh, sign_in, tunnel_id

FULL = "full" in sys.argv[1:]


def scale(reduced, full):
    return full if FULL else reduced


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


FAULTS = {fault.__name__: fault for fault in (killed, rolled, partitioned, reborn, scaled, lossy)}


async def all_of_them(names):
    for fault in [FAULTS[name] for name in names] or FAULTS.values():
        async with Cluster() as cluster:
            try:
                await fault(cluster)
            except BaseException:
                cluster.log.flush()
                print(pathlib.Path(cluster.log.name).read_text()[-3000:], file=sys.stderr)
                raise


def run():
    # A network of its own: nothing here can meet anybody else's, and all of it goes with the process.
    subprocess.run(["unshare", "--net", "--", sys.executable, __file__, *sys.argv[1:]], check=True)


if __name__ == "__main__":
    sh("ip", "link", "set", "lo", "up")
    asyncio.run(all_of_them([name for name in sys.argv[1:] if name in FAULTS]))
