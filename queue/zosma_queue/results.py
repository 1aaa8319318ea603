"""Where finished pictures' bytes are kept: `RESULTS_URL`, read.

`redis` is the queue's own Redis; `s3://bucket/prefix?endpoint=…&region=…` a bucket of any server that speaks S3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

#: What `RESULTS_URL` says for the queue's own Redis.
REDIS = "redis"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_PREFIX_MAX_CHARS = 200
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}")
_OPTIONS = ("endpoint", "region", "ssl_ca_certs")
_LOOKS = "must be redis, or look like s3://bucket/prefix?endpoint=http://minio:9000&region=us-east-1"
#: What a bucket's owner sees beside other things of theirs.
_DEFAULT_PREFIX = "zosma"
_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """By the names that AWS gave them. Without a key, the store asks the machine that it runs on."""

    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, and the beginning of our objects' names in it."""

    bucket: str
    prefix: str
    endpoint: str | None = None
    """None for AWS's own."""
    region: str = _DEFAULT_REGION
    ca_certs: Path | None = None
    """The certificates of the endpoint's own authority, in PEM; None for those that everybody trusts."""
    credentials: Credentials = Credentials()

    @property
    def name(self) -> str:
        """What each picture's record says of where it is. The same bucket may have other endpoints elsewhere."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def shown(self) -> str:
        """For logs."""
        return f"{self.name} at {self.endpoint}" if self.endpoint else self.name


def parse_results(url: str, credentials: Credentials) -> Bucket | None:
    """The bucket that `RESULTS_URL` names; None for Redis.

    Raises:
      ValueError: for anything else; the text says what it should look like, and shows nothing of the URL.
    """
    if url == REDIS:
        return None
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        good = parts.scheme == "s3" and not parts.fragment and parts.port is None
    except ValueError:
        raise ValueError(_LOOKS) from None
    if "@" in parts.netloc:
        raise ValueError("holds a login: leave it out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    prefix = parts.path.strip("/") or _DEFAULT_PREFIX
    if not good or not _BUCKET.fullmatch(parts.netloc):
        raise ValueError(_LOOKS)
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")) or len(prefix) > _PREFIX_MAX_CHARS:
        raise ValueError(f"has a prefix with other characters than letters, digits and . _ - / in it: {_LOOKS}")
    names = [name for name, _ in options]
    for name in names:
        if name not in _OPTIONS or names.count(name) > 1:
            known = re.sub(r"[^\w-]", "?", name)[:40]
            raise ValueError(f"has ?{known}, which can't be set here (once each): {', '.join(_OPTIONS)}")
    given = dict(options)
    region = given.get("region") or _DEFAULT_REGION
    if not _REGION.fullmatch(region):
        raise ValueError("has a region that is none: like us-east-1, or auto")
    ca_certs = Path(given["ssl_ca_certs"]) if given.get("ssl_ca_certs") else None
    if ca_certs and not ca_certs.is_file():
        raise ValueError("has an ssl_ca_certs that is no file: it names the authority's certificate, in PEM")
    return Bucket(
        bucket=parts.netloc, prefix=prefix, endpoint=_endpoint(given.get("endpoint")), region=region,
        ca_certs=ca_certs, credentials=credentials,
    )  # fmt: skip


def _endpoint(given: str | None) -> str | None:
    if not given:
        return None
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or "@" in parts.netloc or re.search(r"[\s<>\"']", given):
        raise ValueError("has an endpoint that is no address: like endpoint=https://s3.example.org:9000, with no login")
    return given.rstrip("/")
