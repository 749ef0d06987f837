"""What a hop costs, and what several instances do for a second of CPU. Measured, not checked:

    deploy/tests/run hop-cost

CPU is the relays' own (user and system, from /proc), so that a busy machine changes it little. Joining has the
clients' own time in it, and theirs is most of it.
"""
import asyncio
import itertools
import os
import pathlib
import random
import statistics
import time

import crowd
from clients import tunnel_id
from cluster import Cluster, apart, sh

SIGN_INS = 2000
AT_ONCE = 20
HELD = 1000


def cpu(relay):
    fields = pathlib.Path(f"/proc/{relay.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def sign_ins(places):
    """Signs in at pairs of instances. CPU seconds of all relays, and how long joining took."""
    relays = {relay for place in places for relay in place}
    before = sum(cpu(relay) for relay in relays)
    took = []
    queue = iter(itertools.islice(itertools.cycle(places), SIGN_INS))

    async def work():
        for owner, entry in queue:
            tunnel = tunnel_id()
            phone, routing = await crowd.phone(owner.host, tunnel)
            since = time.perf_counter()
            laptop = await crowd.laptop(entry.host, routing, tunnel)
            took.append(time.perf_counter() - since)
            await crowd.exchange(phone, laptop)
            crowd.hang_up(laptop, phone)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return sum(cpu(relay) for relay in relays) - before, took


async def memory(owner, entry):
    """KiB that each tunnel adds to its owner and to the instance that its laptop asked."""
    def resident():
        return [relay.held()[2] for relay in (owner, entry)]

    before = resident()
    peers = []
    for _ in range(HELD):
        tunnel = tunnel_id()
        phone, routing = await crowd.phone(owner.host, tunnel)
        peers += [phone, await crowd.laptop(entry.host, routing, tunnel)]
    await asyncio.sleep(1)
    after = resident()
    crowd.hang_up(*peers)
    await asyncio.sleep(1)
    return [(late - early) / HELD for early, late in zip(before, after)]


def show(what, seconds, took):
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[-1]
    print(f"{what}: {seconds / SIGN_INS * 1e6:.0f} us of CPU a sign-in, {SIGN_INS / seconds:.0f} sign-ins a second of CPU, "
          f"joining p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms", flush=True)


async def main():
    async with Cluster() as cluster:
        one, other = cluster.relays[:2]
        # Once, so that nobody pays for the first time.
        await sign_ins([(one, one), (one, other), (other, one)])
        show("without a hop", *await sign_ins([(one, one)]))
        show("with a hop", *await sign_ins([(one, other)]))
        owner, entry = await memory(one, other)
        print(f"memory of a tunnel with a hop: {owner:.1f} KiB at its owner, {entry:.1f} KiB where the laptop asked", flush=True)
        await cluster.grow(5)
        for count in (1, 3, 5):
            relays = cluster.relays[:count]
            places = [(random.choice(relays), random.choice(relays)) for _ in range(SIGN_INS)]
            show(f"{count} instances, ends anywhere", *await sign_ins(places))


def run():
    apart(__file__)


if __name__ == "__main__":
    sh("ip", "link", "set", "lo", "up")
    asyncio.run(main())
