"""A name server for tests, whose answers change and may be late."""
import asyncio
import contextlib
import socket
import threading


class Names:
    """Knows the names that are in `addresses`, and answers after `delay` seconds."""

    def __init__(self):
        self.addresses, self.delay = {}, 0.0

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        pass

    def error_received(self, _):
        pass

    def datagram_received(self, query, sender):
        asyncio.get_running_loop().call_later(self.delay, self.answer, query, sender)

    def answer(self, query, sender):
        end, labels = 12, []
        while query[end]:
            labels.append(query[end + 1 : end + 1 + query[end]].decode())
            end += 1 + query[end]
        question, kind = query[12 : end + 5], int.from_bytes(query[end + 1 : end + 3])
        address = self.addresses.get(".".join(labels).lower())
        code = 0 if address else 3
        answers = b""
        if address and kind == 1:
            answers = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address)
        head = query[:2] + bytes([0x85, 0x80 | code]) + b"\0\1" + (b"\0\1" if answers else b"\0\0") + b"\0\0\0\0"
        if not self.transport.is_closing():
            self.transport.sendto(head + question + answers, sender)


@contextlib.contextmanager
def served():
    """A name server on loopback, in a thread of its own: what it knows, and its port."""
    loop = asyncio.new_event_loop()
    names = Names()
    transport, _ = loop.run_until_complete(loop.create_datagram_endpoint(lambda: names, local_addr=("127.0.0.1", 0)))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield names.addresses, transport.get_extra_info("sockname")[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        transport.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
