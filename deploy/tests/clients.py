"""Phones and laptops for the checks of deploy/, one after the other. Many at once: crowd.py."""
import os
import socket

from websockets.sync.client import connect

PATIENCE = 20
HOST = "cable.example.org"
# A tunnel's messages are not compressed, and pings are the relay's.
WEBSOCKET = {"subprotocols": ["fido.cable"], "compression": None, "ping_interval": None, "open_timeout": PATIENCE, "proxy": None}


def tunnel_id():
    return os.urandom(16).hex().upper()


def dial(address, path, tls=None):
    """A WebSocket to `address` that asked for `path`, in TLS if there is a context for it."""
    address = socket.create_connection(address, timeout=PATIENCE)
    return connect(f"{'wss' if tls else 'ws'}://{HOST}{path}", sock=address, ssl=tls, **WEBSOCKET)


def phone(address, tunnel, tls=None):
    """A phone that waits, and its routing id."""
    peer = dial(address, f"/cable/new/{tunnel}", tls)
    return peer, peer.response.headers["x-cable-routing-id"]


def laptop(address, routing, tunnel, tls=None):
    return dial(address, f"/cable/connect/{routing}/{tunnel}", tls)


def tell(one, other, message):
    one.send(message)
    assert other.recv(timeout=PATIENCE) == message


def sign_in(phones, laptops, tls=None):
    """Messages both ways through a tunnel whose ends ask at different addresses. Its routing id."""
    tunnel = tunnel_id()
    one, routing = phone(phones, tunnel, tls)
    with one, laptop(laptops, routing, tunnel, tls) as two:
        for number in range(3):
            tell(two, one, b"question %d" % number)
            tell(one, two, b"answer %d" % number)
    return routing


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
