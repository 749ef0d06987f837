"""An instance comes back in its slot: ids of its earlier life are nobody's."""
import asyncio
import time

from websockets.exceptions import InvalidStatus

import crowd
from clients import tunnel_id
from scenarios.pace import say


async def reborn(cluster):
    relays = cluster.relays
    tunnel = tunnel_id()
    old, old_routing = await crowd.phone(relays[0].host, tunnel)
    relays[0].kill()
    await relays[0].ended()
    # A pod takes longer than that to come back; generations are seconds.
    await asyncio.sleep(1.1)
    await relays[0].start()
    # A stranger under the very same tunnel id.
    stranger, routing = await crowd.phone(relays[0].host, tunnel)
    assert routing != old_routing

    async def answer(relay):
        try:
            await crowd.laptop(relay.host, old_routing, tunnel)
        except InvalidStatus as error:
            return error.response.status_code
        raise AssertionError("an old id met a stranger")

    worst = 0.0
    for relay in relays:
        since = time.monotonic()
        status = await answer(relay)
        if status == 503:
            # Another instance may still hold it for down, for a second at most.
            await asyncio.sleep(1.1)
            status = await answer(relay)
        assert status == 404, status
        worst = max(worst, time.monotonic() - since)
    laptop = await crowd.laptop(relays[1].host, routing, tunnel)
    await crowd.exchange(stranger, laptop)
    crowd.hang_up(old, stranger, laptop)
    say(f"4 an instance came back: its old ids got 404 at all three, the last after {worst:.2f} s, and met nobody")
