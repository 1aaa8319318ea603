"""The Redis user that the README gives to workers, as it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import redis

#: Where the lines stand.
README = Path(__file__).parents[2] / "README.md"
PASSWORD = "password"


@contextmanager
def worker_user(admin: redis.Redis, url: str, name: str = "gpu") -> Iterator[str]:
    """The URL of `url`'s Redis with that user's login, for as long as the block runs."""
    lines = re.findall(r"^ +ACL SETUSER gpu (.*)$", README.read_text("utf-8"), re.MULTILINE)
    assert f">{PASSWORD}" in lines[0]
    for line in lines:
        admin.execute_command("ACL", "SETUSER", name, *line.split())  # type: ignore[no-untyped-call]
    try:
        yield f"redis://{name}:{PASSWORD}@{urlsplit(url).netloc.rpartition('@')[2]}/0"
    finally:
        admin.acl_deluser(name)
