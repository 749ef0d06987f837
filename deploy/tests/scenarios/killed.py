"""One of three is killed: its own tunnels end, soon, and no other loses a message."""
import asyncio
import time

from websockets.exceptions import ConnectionClosed

import crowd
from clients import tunnel_id
from scenarios.pace import say, scale, soon, within


async def killed(cluster):
    number = scale(150, 1000)
    relays = cluster.relays

    async def pair(n):
        owner, entry = relays[n % 3], relays[n // 3 % 3]
        tunnel = tunnel_id()
        phone, routing = await crowd.phone(owner.host, tunnel)
        return owner, entry, phone, await crowd.laptop(entry.host, routing, tunnel)

    tunnels = []
    for start in range(0, number, 50):
        tunnels += await asyncio.gather(*(pair(n) for n in range(start, min(start + 50, number))))
    lost = [tunnel for tunnel in tunnels if relays[0] in tunnel[:2]]
    kept = [tunnel for tunnel in tunnels if relays[0] not in tunnel[:2]]
    # Everybody talks while it happens.
    talk = asyncio.gather(*(crowd.exchange(phone, laptop, crowd.MESSAGES[:4] * 3, pause=0.3) for _, _, phone, laptop in kept))
    await asyncio.sleep(0.5)
    since = time.monotonic()
    relays[0].kill()

    async def hears(peer):
        async with asyncio.timeout(soon(5)):
            try:
                while True:
                    await peer.recv()
            except ConnectionClosed:
                return time.monotonic() - since

    heard = await asyncio.gather(*(hears(peer) for tunnel in lost for peer in tunnel[2:]))
    again = await within(soon(5), "new sign-ins", lambda: crowd.sign_in(relays[1].host, relays[2].host))
    await talk
    for _, _, *peers in tunnels:
        crowd.hang_up(*peers)
    await relays[0].ended()
    await relays[0].start()
    back = await within(soon(5), "sign-ins at the instance that is back", lambda: crowd.sign_in(relays[0].host, relays[1].host))
    say(f"1 killed one of three with {number} tunnels: {len(lost)} of its own ended, the last peer heard after "
        f"{max(heard):.2f} s; {len(kept)} others lost no message; new sign-ins after {again:.2f} s, {back:.2f} s once it was back")
