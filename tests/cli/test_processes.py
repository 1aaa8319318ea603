"""Ports for child processes, which begin to listen a while after the port was chosen."""

from __future__ import annotations

import socket

from zosma_cli import processes


def test_a_free_port_is_none_that_an_outgoing_connection_could_take_meanwhile():
    assert all(20_000 <= processes.free_port() < 32_768 for _ in range(20))


def test_a_port_that_somebody_has_is_not_free(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(processes, "_PORTS", [port] * 20)

        assert processes.free_port() != port
