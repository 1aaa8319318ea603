"""Where the server is, with which key, and how long it is waited for; and what went wrong on the way to it."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from typing import TypedDict
from urllib.parse import urlsplit

import httpx2

from zosma.errors import UnreachableError, UnreadableAnswerError, ZosmaError
from zosma.feed import SILENT_S
from zosma.version import __version__

LOCAL = "http://127.0.0.1:1324"
CONNECT_S = 10.0


class Options(TypedDict):
    """What both of httpx2's clients are made with."""

    base_url: str
    headers: dict[bytes, bytes]
    timeout: httpx2.Timeout
    limits: httpx2.Limits
    verify: ssl.SSLContext | bool
    proxy: str | None
    trust_env: bool


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One server, as one caller sees it."""

    server: str
    """Its address, without the slash at its end."""
    headers: dict[bytes, bytes] = field(repr=False)
    timeout_s: float
    retry_for_s: float
    verify: ssl.SSLContext | bool
    proxy: str | None = field(repr=False)

    @classmethod
    def to(
        cls,
        server: str | None,
        key: str | None,
        *,
        timeout_s: float,
        retry_for_s: float,
        verify: ssl.SSLContext | bool,
        proxy: str | None,
    ) -> Connection:
        """The connection that these values say. What is None is taken from `ZOSMA_SERVER` and `ZOSMA_API_KEY`.

        Raises:
          ValueError: when the server is no address, or the key can be none.
        """
        headers = {b"User-Agent": f"zosma-python/{__version__}".encode(), **_key_header(key)}
        return cls(
            server=_address(server), headers=headers, timeout_s=timeout_s, retry_for_s=retry_for_s, verify=verify,
            proxy=proxy,
        )  # fmt: skip

    @property
    def options(self) -> Options:
        """For httpx2."""
        return {
            "base_url": self.server,
            "headers": self.headers,
            "timeout": httpx2.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s)),
            # Each job that is followed holds a line.
            "limits": httpx2.Limits(max_connections=None, max_keepalive_connections=20),
            "verify": self.verify,
            "proxy": self.proxy,
            # A proxy for the internet, as the environment names one, knows no server in somebody's house.
            "trust_env": False,
        }

    @property
    def stream_timeout(self) -> httpx2.Timeout:
        """For a stream of events, which is silent for some seconds at a time."""
        return httpx2.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s), read=SILENT_S)

    def error_of(self, error: httpx2.HTTPError | httpx2.InvalidURL) -> ZosmaError:
        """What went wrong, in our words."""
        if _is_certificate(error):
            return UnreadableAnswerError(
                f"the certificate of {self.server} is not trusted ({error}): give the authority that signed it by"
                " verify, like ssl.create_default_context(cafile=…)"
            )
        if isinstance(error, httpx2.SSEError | httpx2.DecodingError | httpx2.InvalidURL):
            return UnreadableAnswerError(f"what answers at {self.server} is no Zosma server ({error})")
        sent = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        why = str(error) or ("no answer in time" if isinstance(error, httpx2.TimeoutException) else "the line broke")
        return UnreachableError(f"{self.server} can't be reached ({why})", sent=sent)


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_address(text: str) -> bool:
    """True for what can be a server's address, like `http://127.0.0.1:1324`."""
    try:
        parts = urlsplit(text)
        bare = not (parts.query or parts.fragment or "@" in parts.netloc)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and bare
    except ValueError:
        return False


def _address(given: str | None) -> str:
    address = (given or os.environ.get("ZOSMA_SERVER") or LOCAL).strip()
    if not is_address(address):
        raise ValueError(f"{address!r} is no server's address: it must look like {LOCAL}")
    return address.rstrip("/")


def _key_header(given: str | None) -> dict[bytes, bytes]:
    key = (os.environ.get("ZOSMA_API_KEY", "") if given is None else given).strip()
    if not key.isprintable():
        raise ValueError("the key has characters that no key has: copy it anew")
    # Of every script: whoever set up the server may have thought it up.
    return {b"Authorization": f"Bearer {key}".encode()} if key else {}
