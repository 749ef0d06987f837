"""Envoy, HAProxy and nginx, with the files of deploy/edge, in front of three real relays: every laptop
reaches the instance of its phone without a hop inside."""
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from clients import PATIENCE, Refused, free_ports, laptop, phone, sign_in, tunnel_id

EDGE = pathlib.Path(__file__).parent.parent / "edge"
ROOT = EDGE.parent.parent


def relay_program():
    named = os.environ.get("HAWSER_RELAY")
    if named:
        return named
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "hawser-relay"], cwd=ROOT, check=True)
    return str(target / "debug/hawser-relay")


class Relay:
    """One of several, in a process of its own."""

    def __init__(self, program, slot, folder):
        self.clients, self.admin, peers = free_ports(3)
        key = folder / "peer.key"
        key.write_text("0" * 32)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HAWSER_")}
        self.process = subprocess.Popen(
            [program, f"--listen=127.0.0.1:{self.clients}", f"--admin=127.0.0.1:{self.admin}",
             f"--peer-listen=127.0.0.1:{peers}", "--peer-template=no-relay-{slot}.invalid:1", "--peer-count=3",
             f"--peer-slot={slot}", f"--peer-key-file={key}", "--threads=1", "--drain-time=60s",
             "--trusted-proxies=127.0.0.1", "--client-address-from=x-forwarded-for",
             # All these people share one address.
             "--client-tunnels-per-second=none"],
            env=environment, stderr=subprocess.DEVNULL,
        )
        until("a relay", lambda: self.ready() == 200)

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def until(what, is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def end(process):
    process.kill()
    process.wait()


def haproxy(folder, filled):
    path = folder / "haproxy.cfg"
    path.write_text(filled)
    subprocess.run(["haproxy", "-c", "-f", str(path)], check=True, capture_output=True)
    return ["haproxy", "-db", "-f", str(path)]


def nginx(folder, filled):
    path = folder / "nginx.conf"
    user = "user root;\n" if os.getuid() == 0 else ""
    # One process, so that ending it ends all of it.
    path.write_text(f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n{user}{filled}")
    subprocess.run(["nginx", "-t", "-p", str(folder), "-c", str(path)], check=True, capture_output=True)
    return ["nginx", "-p", str(folder), "-c", str(path)]


def envoy(folder, filled):
    path = folder / "envoy.yaml"
    path.write_text(filled)
    options = ["-c", str(path), "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"]
    subprocess.run(["envoy", "--mode", "validate", *options], check=True, capture_output=True)
    return ["envoy", *options]


EDGES = {"haproxy.cfg": haproxy, "nginx.conf": nginx, "envoy.yaml": envoy}


def fill(name, relays, port):
    values = {"EDGE_BIND": f"127.0.0.1:{port}", "EDGE_HOST": "127.0.0.1", "EDGE_PORT": port}
    for slot, relay in enumerate(relays):
        values |= {
            f"RELAY_{slot}": f"127.0.0.1:{relay.clients}", f"RELAY_HOST_{slot}": "127.0.0.1",
            f"RELAY_PORT_{slot}": relay.clients, f"ADMIN_{slot}": relay.admin,
        }
    # Only ${NAME}: nginx and HAProxy have dollars of their own.
    text = (EDGE / name).read_text()
    return re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), text)


def check_edge(name, program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        relays, edge = [], None
        try:
            relays.extend(Relay(program, slot, folder) for slot in range(3))
            (port,) = free_ports(1)
            edge = subprocess.Popen(
                EDGES[name](folder, fill(name, relays, port)), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            address = ("127.0.0.1", port)
            until(f"{name} listens", lambda: works(address))
            routes(address, relays)
            drains(address, relays)
        finally:
            for process in [edge, *(relay.process for relay in relays)]:
                if process:
                    end(process)


def works(address):
    try:
        sign_in(address, address)
    except (OSError, EOFError, Refused):
        return False
    return True


def routes(address, relays):
    """From the edge alone, and without a single hop: the instances cannot reach each other."""
    seen = set()

    def all_seen():
        # Some edges use an instance only when they have found it healthy.
        seen.update(sign_in(address, address)[1:3] for _ in range(20))
        return seen == {"00", "01", "02"}

    until("every instance gets phones", all_seen)
    for slot, relay in enumerate(relays):
        # The phone comes to one instance, its laptop through the edge, in the other case of hex.
        tunnel = tunnel_id()
        one, routing = phone(("127.0.0.1", relay.clients), tunnel)
        assert int(routing[1:3], 16) == slot
        with one, laptop(address, routing.lower(), tunnel.lower()) as two:
            two.send(b"hello")
            assert one.receive() == b"hello"
    for routing in ("000000", "003000", "0FF000", "100000", "FFFFFF"):
        try:
            laptop(address, routing, tunnel_id())
        except Refused as refused:
            assert refused.status == 404, refused
        else:
            raise AssertionError(routing)
    for relay in relays:
        assert relay.metric("hawser_relay_peer_hops_total") == 0
        assert relay.metric("hawser_relay_proxied_connections_total") > 0


def drains(address, relays):
    """A draining instance gets no phones, and still the laptops of those it has."""
    going = relays[0]
    tunnel = tunnel_id()
    one, routing = phone(("127.0.0.1", going.clients), tunnel)
    going.process.terminate()
    until("it drains", lambda: going.ready() == 503)
    # From the first one on, also while the edge does not know yet: it asks another instance.
    for _ in range(20):
        assert sign_in(address, address)[1:3] != "00"
    with one, laptop(address, routing, tunnel) as two:
        two.send(b"still here")
        assert one.receive() == b"still here"


def run():
    program = relay_program()
    for name in EDGES:
        check_edge(name, program)
