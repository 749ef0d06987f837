"""How much of a fault is played, and how its story is told."""
import asyncio
import sys
import time

from crowd import TROUBLE

FULL = "full" in sys.argv[1:]


def scale(reduced, full):
    return full if FULL else reduced


def soon(seconds):
    """A time that is promised. The full form holds it to the second; the reduced one runs on machines that stand still
    for seconds, and only tells what is soon from what never comes."""
    return scale(seconds + 15, seconds)


def say(text):
    print(f"faults: {text}", flush=True)


async def within(seconds, what, attempt):
    """How long it takes until it works. Fails beyond so many seconds."""
    since = time.monotonic()
    while True:
        try:
            await attempt()
            return time.monotonic() - since
        except TROUBLE as error:
            assert time.monotonic() - since < seconds, f"{what}: {error!r} after {seconds} s"
            await asyncio.sleep(0.05)
