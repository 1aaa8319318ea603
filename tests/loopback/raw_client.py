"""Requests byte by byte, as no HTTP library would send them."""

from __future__ import annotations

import asyncio


async def answered(port: int, data: bytes, *, timeout: float = 60.0) -> tuple[int, bytes]:
    """(status, what follows the status line) of the answer to these bytes; (0, b"") when the server just hung up."""
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            await writer.drain()
            line = await reader.readline()
            rest = await reader.read(65_536) if line else b""
        finally:
            writer.close()
    return int(line.split()[1]) if line else 0, rest


async def hung_up(port: int, data: bytes) -> None:
    """Sends these bytes and cuts the line."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def request(
    method: str, target: bytes, *headers: bytes, body: bytes = b"", host: bytes = b"127.0.0.1", sized: bool = True
) -> bytes:
    """A request of exactly these bytes."""
    length = [b"Content-Length: %d" % len(body)] if sized and (body or method != "GET") else []
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close", *headers, *length]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
