"""The gateway's transport compression: one stream for the whole connection, flushed after each frame."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable

Pack = Callable[[bytes], bytes]


def packer(name: str | None) -> Pack | None:
    """The packer a client asked for with `compress=`; None for plain text. Raises ValueError if there is none."""
    if name is None:
        return None
    if name == "zlib-stream":
        return _zlib()
    if name == "zstd-stream":
        return _zstd()
    raise ValueError(name)


def _zlib() -> Pack:
    stream = zlib.compressobj()
    return lambda raw: stream.compress(raw) + stream.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Pack:
    """discord.py asks for it where Python 3.14 or the package `zstandard` brings it; then it is here as well."""
    try:
        builtin = importlib.import_module("compression.zstd")
    except ImportError:
        return _zstandard()
    stream = builtin.ZstdCompressor()
    return lambda raw: bytes(stream.compress(raw, mode=stream.FLUSH_BLOCK))


def _zstandard() -> Pack:
    try:
        package = importlib.import_module("zstandard")
    except ImportError:
        raise ValueError("zstd-stream") from None
    stream = package.ZstdCompressor().compressobj()
    return lambda raw: bytes(stream.compress(raw) + stream.flush(package.COMPRESSOBJ_FLUSH_BLOCK))
