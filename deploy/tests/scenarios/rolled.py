"""All three are restarted one after the other under load, and come back at other addresses, which name
servers learn late: no sign-in fails."""
import asyncio
import random
import signal
import time

import crowd
from clients import PATIENCE, tunnel_id
from scenarios.pace import say, scale


async def rolled(cluster):
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
                is_ready = await relay.is_ready() and time.monotonic() >= found_at[relay]
                (ready.add if is_ready else ready.discard)(relay)
            await asyncio.sleep(0.2)

    async def one():
        for attempt in (1, 2):
            tunnel = tunnel_id()
            try:
                phone, routing = await crowd.phone(random.choice([*ready]).host, tunnel)
                break
            except crowd.TROUBLE:
                # A client may retry a refused `new` once.
                assert attempt == 1, "a phone was refused twice"
                counts["again"] += 1
                await asyncio.sleep(1)
        await asyncio.sleep(random.uniform(0.2, 1.0))
        laptop = await crowd.laptop(random.choice([*ready]).host, routing, tunnel)
        await crowd.exchange(phone, laptop, pause=random.uniform(0.0, 0.2))
        crowd.hang_up(phone, laptop)
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
