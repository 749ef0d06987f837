"""A name server for tests, whose answers change and may be late."""
import contextlib
import time

from dnslib import QTYPE, RCODE, RR, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer


class Names(BaseResolver):
    """Knows the names that are in `addresses`, and answers after `delay` seconds."""

    def __init__(self):
        self.addresses, self.delay = {}, 0.0

    def resolve(self, request, _):
        time.sleep(self.delay)
        reply, question = request.reply(), request.q
        address = self.addresses.get(str(question.qname).rstrip(".").lower())
        if not address:
            reply.header.rcode = RCODE.NXDOMAIN
        elif question.qtype == QTYPE.A:
            reply.add_answer(RR(question.qname, QTYPE.A, rdata=A(address), ttl=0))
        return reply


@contextlib.contextmanager
def served(host="127.0.0.1", port=0):
    """A name server, in threads of its own: what it knows, and its port."""
    names = Names()
    server = DNSServer(names, host, port, logger=DNSLogger("error"))
    server.start_thread()
    try:
        yield names, server.server.server_address[1]
    finally:
        server.stop()
        server.server.server_close()
