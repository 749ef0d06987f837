"""Three relays in network namespaces of their own, real clients beside them, and what goes wrong.

    deploy/tests/run faults            reduced numbers, as ./test does
    deploy/tests/run faults full       the numbers of docs/reliability.md: about 17 minutes
    deploy/tests/run faults full killed reborn     some of them

Needs root, for the namespaces. Everything happens in a network namespace made for it.
"""
import asyncio
import sys

from cluster import Cluster, apart, sh
from scenarios.killed import killed
from scenarios.lossy import lossy
from scenarios.partitioned import partitioned
from scenarios.reborn import reborn
from scenarios.rolled import rolled
from scenarios.scaled import scaled

# By their numbers. The sixth, forged, expired, replayed and looped requests, and routing ids of every
# value, is a test of the relay itself: crates/relay/tests/peers/guard.rs and failures.rs.
FAULTS = {fault.__name__: fault for fault in (killed, rolled, partitioned, reborn, scaled, lossy)}


async def all_of_them(names):
    for fault in [FAULTS[name] for name in names] or FAULTS.values():
        async with Cluster() as cluster:
            await fault(cluster)


def run():
    apart(__file__, *sys.argv[1:])


if __name__ == "__main__":
    sh("ip", "link", "set", "lo", "up")
    asyncio.run(all_of_them([name for name in sys.argv[1:] if name in FAULTS]))
