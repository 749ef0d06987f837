"""Envoy, HAProxy and nginx, with the files of deploy/edge, in front of three real relays. Those that see
requests send every laptop to the instance of its phone, without a hop inside; the one that passes TLS on
tells the relay whose connection it is."""
import contextlib
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import time

from websockets.exceptions import InvalidStatus, WebSocketException

from certificates import certificates
from clients import PATIENCE, free_ports, laptop, phone, sign_in, tell, tunnel_id
from names import served
from relays import ask, environment, metric, relay_program

EDGE = pathlib.Path(__file__).parent.parent / "edge"


class Relay:
    """One of several, in a process of its own. `peers` is the port at which they know each other; without
    it they do not, so that no hop can mend what an edge does wrong."""

    def __init__(self, program, slot, folder, *more, peers=None):
        self.program, self.slot, self.folder, self.more, self.peers = program, slot, folder, more, peers
        self.clients, self.admin = free_ports(2)
        self.process = None

    def start(self, host="127.0.0.1"):
        key = self.folder / "peer.key"
        key.write_text("0" * 32)
        at = f"127.0.1.{self.slot}:{self.peers or free_ports(1)[0]}"
        template = f"127.0.1.{{slot}}:{self.peers}" if self.peers else "no-relay-{slot}.invalid:1"
        self.process = subprocess.Popen(
            [self.program, f"--listen={host}:{self.clients}", f"--admin=127.0.0.1:{self.admin}",
             f"--peer-listen={at}", f"--peer-template={template}", "--peer-count=3",
             f"--peer-slot={self.slot}", f"--peer-key-file={key}", "--threads=1", "--drain-time=60s",
             # All these people share one address.
             "--trusted-proxies=127.0.0.1", "--client-tunnels-per-second=none", *self.more],
            env=environment(), stderr=subprocess.DEVNULL,
        )
        until("a relay", lambda: self.ready() == 200)

    def ready(self):
        return ask("127.0.0.1", self.admin, "/readyz")[0]

    def metric(self, name):
        return metric("127.0.0.1", self.admin, name)


def until(what, is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def end(process):
    if process:
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


def fill(name, relays, port, **more):
    values = {"EDGE_BIND": f"127.0.0.1:{port}", "EDGE_HOST": "127.0.0.1", "EDGE_PORT": port, "DNS": "127.0.0.1:9"}
    for slot, relay in enumerate(relays):
        values |= {
            f"RELAY_{slot}": f"127.0.0.1:{relay.clients}", f"RELAY_HOST_{slot}": "127.0.0.1",
            f"RELAY_PORT_{slot}": relay.clients, f"ADMIN_{slot}": relay.admin,
            # Where the edge needs a name, and the other one does not do.
            f"SLOT_{slot}": f"127.0.0.1:{relay.clients}",
        }
    values |= more
    # Only ${NAME}: nginx and HAProxy have dollars of their own.
    text = (EDGE / name).read_text()
    return re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), text)


@contextlib.contextmanager
def edge_of(name, make, relays, folder, **more):
    """Its address."""
    (port,) = free_ports(1)
    command = make(folder, fill(name, relays, port, **more))
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield "127.0.0.1", port
    finally:
        end(process)


@contextlib.contextmanager
def three_relays(program, folder, *more, peers=None):
    relays = []
    try:
        for slot in range(3):
            relays.append(Relay(program, slot, folder, *more, peers=peers))
            relays[-1].start()
        yield relays
    finally:
        for relay in relays:
            end(relay.process)


def check_edge(name, program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with three_relays(program, folder, "--client-address-from=x-forwarded-for") as relays:
            with edge_of(name, EDGES[name], relays, folder) as address:
                until(f"{name} listens", lambda: works(address))
                # What the relay would answer, and nobody outside asks for.
                assert ask(*address, "/")[0] == 404
                routes(address, relays)
                drains(address, relays)


def works(address, tls=None):
    try:
        sign_in(address, address, tls)
    except (OSError, WebSocketException):
        return False
    return True


def reaches_all(address, tls=None):
    seen = set()

    def all_seen():
        # Some edges use an instance only when they have found it healthy.
        seen.update(sign_in(address, address, tls)[1:3] for _ in range(20))
        return seen == {"00", "01", "02"}

    until("every instance gets phones", all_seen)


def routes(address, relays):
    """From the edge alone, and without a single hop: the instances cannot reach each other."""
    reaches_all(address)
    for slot, relay in enumerate(relays):
        # The phone comes to one instance, its laptop through the edge, in the other case of hex.
        tunnel = tunnel_id()
        one, routing = phone(("127.0.0.1", relay.clients), tunnel)
        assert int(routing[1:3], 16) == slot
        with one, laptop(address, routing.lower(), tunnel.lower()) as two:
            tell(two, one, b"hello")
    for routing in ("000000", "003000", "0FF000", "100000", "FFFFFF"):
        try:
            laptop(address, routing, tunnel_id())
        except InvalidStatus as refused:
            assert refused.response.status_code == 404, refused
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
        tell(two, one, b"still here")


def check_moving(name, program):
    """An instance that comes back at another address is found there, by its name."""
    with tempfile.TemporaryDirectory() as folder, served() as (names, dns):
        folder = pathlib.Path(folder)
        with three_relays(program, folder, "--client-address-from=x-forwarded-for") as relays:
            moving = relays[2]
            names.addresses["relay-2.test"] = "127.0.0.1"
            named = {f"{what}_2": f"relay-2.test:{moving.clients}" for what in NAMED[name]}
            with edge_of(name, EDGES[name], relays, folder, DNS=f"127.0.0.1:{dns}", **named) as address:
                def reaches(host):
                    tunnel = tunnel_id()
                    one, routing = phone((host, moving.clients), tunnel)
                    try:
                        with one, laptop(address, routing, tunnel) as two:
                            tell(two, one, b"there you are")
                            return True
                    except (OSError, WebSocketException):
                        return False

                until(f"{name} finds an instance by name", lambda: reaches("127.0.0.1"))
                end(moving.process)
                names.addresses["relay-2.test"] = "127.0.0.77"
                moving.start("127.0.0.77")
                until(f"{name} finds an instance that has moved", lambda: reaches("127.0.0.77"))


# What is a name in the files, for those that can be told which name server to ask. Envoy asks the system's.
NAMED = {"haproxy.cfg": ["RELAY"], "nginx.conf": ["SLOT"]}


def check_passing_on(program):
    """TLS is the relay's, and a hop brings a laptop to its phone. The edge tells whose connection it is."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        certificates(folder)
        tls = ssl.create_default_context(cafile=folder / "ca/ca.crt")
        flags = [f"--tls-cert={folder}/tls/tls.crt", f"--tls-key={folder}/tls/tls.key", "--client-address-from=proxy-protocol"]
        with three_relays(program, folder, *flags, peers=free_ports(1)[0]) as relays:
            with edge_of("haproxy-tcp.cfg", haproxy, relays, folder) as address:
                until("haproxy-tcp.cfg listens", lambda: works(address, tls))
                reaches_all(address, tls)
                assert sum(relay.metric('hawser_relay_peer_hops_total{result="joined"}') for relay in relays) > 0
                for relay in relays:
                    told = 'hawser_relay_proxied_connections_total{told="%s"}'
                    assert relay.metric(told % "client") > 0
                    assert relay.metric(told % "malformed") + relay.metric(told % "nothing") == 0
                # A phone of an instance that drains, and its laptop, which comes to another one.
                tunnel = tunnel_id()
                one, routing = phone(address, tunnel, tls)
                going = relays[int(routing[1:3], 16)]
                going.process.terminate()
                until("it drains", lambda: going.ready() == 503)
                # Until the edge knows, a phone may be told to ask again.
                until("the edge knows", lambda: all(works(address, tls) for _ in range(20)))
                with one, laptop(address, routing, tunnel, tls) as two:
                    tell(two, one, b"still here")


def run():
    program = relay_program()
    for name in EDGES:
        check_edge(name, program)
    for name in NAMED:
        check_moving(name, program)
    check_passing_on(program)
