"""A name server for tests, whose answers change and may be late."""
import contextlib
import multiprocessing
import time

from dnslib import QTYPE, RCODE, RR, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer


class Names(BaseResolver):
    """Knows the names that are in `addresses`, and answers after `delay` seconds."""

    def __init__(self, addresses, delay):
        self.addresses, self.delay = addresses, delay

    def resolve(self, request, _):
        time.sleep(self.delay.value)
        reply, question = request.reply(), request.q
        address = self.addresses.get(str(question.qname).rstrip(".").lower())
        if not address:
            reply.header.rcode = RCODE.NXDOMAIN
        elif question.qtype == QTYPE.A:
            reply.add_answer(RR(question.qname, QTYPE.A, rdata=A(address), ttl=0))
        return reply


def serve(addresses, delay, host, port, told):
    server = DNSServer(Names(addresses, delay), host, port, logger=DNSLogger("error"))
    told.send(server.server.server_address[1])
    server.start()


@contextlib.contextmanager
def served(host="127.0.0.1", port=0):
    """A name server: what it knows, and its port. A process of its own, or crowds that are played in this one
    would make it late."""
    apart = multiprocessing.get_context("spawn")
    with apart.Manager() as shared:
        addresses, delay = shared.dict(), shared.Value("d", 0.0)
        hear, tell = apart.Pipe(duplex=False)
        server = apart.Process(target=serve, args=(addresses, delay, host, port, tell), daemon=True)
        server.start()
        # Or nobody would notice that it has ended before it told.
        tell.close()
        try:
            yield Names(addresses, delay), hear.recv()
        finally:
            server.kill()
            server.join()
