"""From three to one to five, and names that are missing, late, or somewhere else now."""
import asyncio
import random
import signal
import time

from websockets.exceptions import InvalidStatus

import crowd
from clients import tunnel_id
from scenarios.pace import say, scale, soon, within


async def scaled(cluster):
    done = await one_to_five(cluster)
    asking, owner = cluster.relays[0], cluster.relays[4]

    async def refused(what):
        since = time.monotonic()
        try:
            await crowd.laptop(asking.host, "004000", tunnel_id())
            raise AssertionError(f"{what}: not refused")
        except InvalidStatus as error:
            assert error.response.status_code == 503, f"{what}: {error}"
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
    cluster.names.delay.value = 5.0
    await asyncio.sleep(1.1)
    late = await refused("a late name")
    cluster.names.delay.value = 0.0
    await within(soon(12), "the name is on time", lambda: crowd.sign_in(owner.host, asking.host))
    # Before the late answer, which comes after 5 s.
    assert max(missing, late) < scale(4.5, 1.5), (missing, late)

    owner.kill()
    await owner.ended()
    owner.move("10.213.2.4")
    await owner.start()
    moved = await within(soon(8), "the new address", lambda: crowd.sign_in(owner.host, asking.host))
    say(f"5 scaled 3 to 1 to 5 under {done} sign-ins, 0 failed; a missing name gave 503 after {missing:.2f} s, a late one after "
        f"{late:.2f} s; a new address was found after {moved:.2f} s")


async def one_to_five(cluster):
    """Under load, which goes to whoever is ready. How many sign-ins that was; none failed."""
    relays = cluster.relays
    ready = set(relays)
    stop = asyncio.Event()
    done = 0

    async def load():
        nonlocal done
        while not stop.is_set():
            await crowd.sign_in(random.choice([*ready]).host, random.choice([*ready]).host)
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
            await within(soon(5), "a hop after scaling up", lambda one=one, other=other: crowd.sign_in(one.host, other.host))
    ready.update(relays)
    await asyncio.sleep(scale(1, 10))
    stop.set()
    await asyncio.gather(*work)
    return done
