"""Phones and laptops, many at once."""
import asyncio
import os

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from clients import HOST, PATIENCE, WEBSOCKET, tunnel_id

# Where relays listen for them.
PORT = 8080
# What a client meets when the service fails it. A refusal is `websockets.exceptions.InvalidStatus`.
TROUBLE = (WebSocketException, OSError, TimeoutError)

# Bytes of the messages of a sign-in; the laptop begins, and both take turns.
MESSAGES = (81, 81, 324, 500, 1100, 33)


async def phone(host, tunnel):
    """A phone that waits, and its routing id."""
    peer = await connect(f"ws://{HOST}/cable/new/{tunnel}", host=host, port=PORT, **WEBSOCKET)
    return peer, peer.response.headers["x-cable-routing-id"]


async def laptop(host, routing, tunnel):
    return await connect(f"ws://{HOST}/cable/connect/{routing}/{tunnel}", host=host, port=PORT, **WEBSOCKET)


async def exchange(phone, laptop, messages=MESSAGES, pause=0.0):
    for number, length in enumerate(messages):
        one, other = (laptop, phone) if number % 2 == 0 else (phone, laptop)
        sent = os.urandom(length)
        await one.send(sent)
        async with asyncio.timeout(PATIENCE):
            assert await other.recv() == sent, "another message arrived"
        await asyncio.sleep(pause)


def hang_up(*peers):
    """As a client whose page is closed: without a close frame."""
    for peer in peers:
        peer.transport.close()


async def sign_in(phone_at, laptop_at, pause=0.0):
    tunnel = tunnel_id()
    one, routing = await phone(phone_at, tunnel)
    try:
        two = await laptop(laptop_at, routing, tunnel)
        try:
            await exchange(one, two, pause=pause)
        finally:
            hang_up(two)
    finally:
        hang_up(one)
