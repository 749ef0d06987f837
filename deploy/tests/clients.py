"""Phones and laptops for the checks of deploy/: the WebSocket handshake and small frames, no more."""
import base64
import os
import socket

PATIENCE = 20
HOST = "cable.example.org"


class Refused(Exception):
    def __init__(self, status, head):
        super().__init__(f"{status}: {head}")
        self.status = status


class Peer:
    """A WebSocket to `address` that asked for `path`, in TLS if there is a context for it."""

    def __init__(self, address, path, tls=None):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=HOST)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: fido.cable\r\n\r\n".encode()
        )
        self.unread = b""
        while b"\r\n\r\n" not in self.unread:
            self.fill()
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        status = int(self.head.split(" ")[1])
        if status != 101:
            self.socket.close()
            raise Refused(status, self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fill(self):
        some = self.socket.recv(65536)
        if not some:
            raise EOFError(f"closed behind {self.unread!r}")
        self.unread += some

    def field(self, name):
        for line in self.head.split("\r\n"):
            if line.lower().startswith(name.lower() + ": "):
                return line.split(": ", 1)[1]
        raise KeyError(name)

    def send(self, payload):
        assert len(payload) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self.socket.sendall(bytes([0x82, 0x80 | len(payload)]) + mask + masked)

    def receive(self):
        while True:
            while len(self.unread) < 2 or len(self.unread) < 2 + (self.unread[1] & 127):
                self.fill()
            opcode, length = self.unread[0] & 15, self.unread[1] & 127
            assert length < 126
            payload, self.unread = self.unread[2 : 2 + length], self.unread[2 + length :]
            if opcode == 2:
                return payload
            assert opcode == 9, f"opcode {opcode}"


def tunnel_id():
    return os.urandom(16).hex().upper()


def phone(address, tunnel, tls=None):
    peer = Peer(address, f"/cable/new/{tunnel}", tls)
    return peer, peer.field("x-cable-routing-id")


def laptop(address, routing, tunnel, tls=None):
    return Peer(address, f"/cable/connect/{routing}/{tunnel}", tls)


def sign_in(phones, laptops, tls=None):
    """Messages both ways through a tunnel whose ends ask at different addresses. Its routing id."""
    tunnel = tunnel_id()
    one, routing = phone(phones, tunnel, tls)
    with one, laptop(laptops, routing, tunnel, tls) as two:
        for number in range(3):
            two.send(b"question %d" % number)
            assert one.receive() == b"question %d" % number
            one.send(b"answer %d" % number)
            assert two.receive() == b"answer %d" % number
    return routing


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
