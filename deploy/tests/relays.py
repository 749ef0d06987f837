"""A relay as the checks of deploy/ run it: which program, in what environment, and what it says at its
admin address."""
import os
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).parent.parent.parent


def relay_program():
    named = os.environ.get("HAWSER_RELAY")
    if named:
        return named
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "hawser-relay"], cwd=ROOT, check=True)
    return str(target / "debug/hawser-relay")


def environment():
    """Without what would be settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HAWSER_")}


def ask(host, port, path):
    """Status and text; no status, if nobody answers."""
    # Never through a proxy of the machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None, ""


def metric(host, port, name):
    """Its value; without labels in the name, the sum over all of them."""
    _, text = ask(host, port, "/metrics")
    values = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    assert values, f"no metric {name}"
    return sum(float(value) for value in values)
