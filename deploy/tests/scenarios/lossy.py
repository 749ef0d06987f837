"""A slow path between clients and relays that loses packets: sign-ins take longer and nothing else. Names
are not looked up over that path."""
import asyncio
import random
import statistics
import time

import crowd
from cluster import HERE, sh
from scenarios.pace import say, scale, soon


async def lossy(cluster):
    relays = cluster.relays[:3]
    for relay in relays:
        spoil(relay)
    took = []

    async def one():
        since = time.monotonic()
        await crowd.sign_in(random.choice(relays).host, random.choice(relays).host)
        took.append(time.monotonic() - since)

    for _ in range(scale(10, 100)):
        await asyncio.gather(*(one() for _ in range(4)))
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    assert p95 < soon(5), p95
    for relay in relays:
        for reason in ("websocket_violation", "internal", "message_too_big"):
            name = f'hawser_relay_tunnels_closed_total{{reason="{reason}",state="paired"}}'
            assert await relay.metric(name) == 0, name
    say(f"7 2 % loss and 256 kbit/s: {len(took)} sign-ins, p50 {p50:.2f} s, p95 {p95:.2f} s, no protocol error")


def spoil(relay):
    """In both directions."""
    slow = ["root", "tbf", "rate", "256kbit", "burst", "16k", "latency", "400ms"]
    lose = ["-p", "tcp", "-m", "statistic", "--mode", "random", "--probability", "0.02", "-j", "DROP"]
    for run, device, sender in ((sh, relay.device, relay.host), (relay.inside, "eth0", HERE)):
        run("tc", "qdisc", "add", "dev", device, *slow)
        run("iptables", "-A", "INPUT", "-s", sender, *lose)
