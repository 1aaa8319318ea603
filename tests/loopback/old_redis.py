"""A server that speaks like a Redis before ours, as far as a login and a script go: no Valkey is that old."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: What Redis 5 and 6.2 answer to what they don't know, in their words.
REDIS_5 = {b"HELLO": b"-ERR unknown command `HELLO`, with args beginning with: `3`, "}
REDIS_6 = {
    b"HELLO": b"%1\r\n$5\r\nproto\r\n:3",
    b"EVALSHA": b"-NOSCRIPT No matching script. Please use EVAL.",
    b"EVAL": b"-ERR Error compiling script (new function): user_script:1: unexpected symbol near '#' ",
}


class _Talk(socketserver.StreamRequestHandler):
    answers: dict[bytes, bytes]

    def handle(self) -> None:
        while head := self.rfile.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            self.wfile.write(self.answers.get(words[0].upper(), b"+OK") + b"\r\n")


@contextmanager
def old_redis(answers: dict[bytes, bytes]) -> Iterator[str]:
    """The URL of such a server, for as long as the block runs."""
    talk = type("Talk", (_Talk,), {"answers": answers})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), talk) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()
