"""Two of three lose sight of each other, again and again: nothing is left behind."""
import asyncio
import time

from websockets.exceptions import InvalidStatus

import crowd
from clients import PATIENCE, tunnel_id
from scenarios.pace import say, scale, soon, within


async def partitioned(cluster):
    first, second, third = cluster.relays[:3]
    rounds, seconds = scale(3, 20), scale(1.5, 30)

    def wall(action):
        first.inside("iptables", action, "INPUT", "-s", second.host, "-j", "DROP")
        first.inside("iptables", action, "OUTPUT", "-d", second.host, "-j", "DROP")

    refused, healed, held = [], [], None
    for _ in range(rounds):
        wall("-A")
        until = time.monotonic() + seconds
        tunnel = tunnel_id()
        phone, routing = await crowd.phone(second.host, tunnel)
        while time.monotonic() < until:
            since = time.monotonic()
            try:
                await crowd.laptop(first.host, routing, tunnel)
                raise AssertionError("the wall has a hole")
            except InvalidStatus as error:
                assert error.response.status_code == 503 and "retry-after" in error.response.headers, error.response
            refused.append(time.monotonic() - since)
            await asyncio.gather(
                crowd.sign_in(second.host, third.host), crowd.sign_in(third.host, first.host), crowd.sign_in(first.host, third.host)
            )
            await asyncio.sleep(scale(0.1, 1))
        wall("-D")
        healed.append(await within(soon(5), "the hop", lambda: crowd.sign_in(second.host, first.host)))
        crowd.hang_up(phone)
        await asyncio.sleep(0.5)
        held = held or first.held()
    assert max(refused) < soon(5), max(refused)
    bounds = held[0] + 3, held[1] + 2, held[2] + 4096

    async def nothing_left():
        last = first.held()
        if any(now > most for now, most in zip(last, bounds)):
            raise TimeoutError(f"grew from {held} to {last}")

    await within(PATIENCE, "nothing left behind", nothing_left)
    say(f"3 parted two of three {rounds} times for {seconds} s: 503 after {max(refused):.2f} s at most, healed after "
        f"{max(healed):.2f} s at most; from {held} to {first.held()} descriptors, threads, KiB")
