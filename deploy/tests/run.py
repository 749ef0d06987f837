"""Runs the named checks of deploy/, or all of them."""
import os
import pathlib
import sys
import time

import chart
import edge
import faults
import helm
import hop_cost
import image
import monitoring

TOOLS = pathlib.Path(os.environ["DEPLOY_TOOLS"])


def check_image():
    """What is checked after the image is the program in it."""
    os.environ.setdefault("HAWSER_RELAY", str(image.run()))


CHECKS = {
    "chart": lambda: chart.run(TOOLS / "types"),
    "monitoring": monitoring.run,
    "image": check_image,
    "edge": edge.run,
    "faults": faults.run,
}


def main(names):
    unknown = [name for name in names if name not in [*CHECKS, *faults.FAULTS, "manifests", "hop-cost", "full"]]
    if unknown:
        sys.exit(f"unknown: {unknown}; there are {[*CHECKS]}, manifests, hop-cost, and faults full")
    if names == ["hop-cost"]:
        hop_cost.run()
        return
    if names == ["manifests"]:
        chart.PLAIN.write_text(helm.plain())
        return
    for name in [name for name in names if name in CHECKS] or CHECKS:
        since = time.monotonic()
        CHECKS[name]()
        print(f"deploy/{name}: {time.monotonic() - since:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
