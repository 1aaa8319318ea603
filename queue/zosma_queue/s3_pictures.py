"""Pictures in a bucket of a server that speaks S3, over obstore (the extra `s3`).

Objects are named `<prefix>/<job or part>/<attempt>/<index>`. Unlike Redis a bucket forgets nothing by itself: what goes
when is in Redis (`keys.OBJECT_ENDS`), and stored_pictures.py deletes it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from zosma_queue.errors import SettingsError, StoreRefusesError, StoreUnavailableError
from zosma_queue.request import PIXELS_MAX
from zosma_queue.results import Bucket
from zosma_queue.settings import Settings
from zosma_queue.unreadable import note

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

#: One request, its answer's last byte included: 16 MB over a line of 5 Mbit/s.
REQUEST_S = 30.0
CONNECT_S = 3.0
#: Whoever is about to start, or is asked whether they are ready, waits no longer.
CHECK_S = 3.0
#: After a reset or a 503, here; who calls tries again besides, for as long as the picture is wanted.
RETRIES = 1
#: Objects of one DeleteObjects.
DROP_MAX = 1000
#: Pictures that one reader fetches at the same time.
AT_ONCE = 4
#: Twice four bytes for each pixel of the largest picture: whoever may write there may write more.
OBJECT_MAX_BYTES = 8 * PIXELS_MAX
#: The object that tells two buckets of one name apart, see `mark`.
_MARK = ".zosma"
_CHECK = ".check"
#: In an answer's XML; of several objects of which one may not be deleted, obstore says it in words.
_CODE = re.compile(r"<Code>(\w{1,64})</Code>|\(code: (\w{1,64})\)")
#: Where a machine on AWS has its key from, when none is set.
_MACHINES_OWN = "169.254.169.254"
_STATUS = re.compile(r"status code: (\d{3})")
#: What an answer means that says no code.
_CODE_OF_STATUS = {"401": "AccessDenied", "403": "AccessDenied", "301": "PermanentRedirect"}
#: The operator has to mend these; everything else may pass by itself.
_NEVER = {
    "NoSuchBucket": "there is no such bucket: create it, or correct RESULTS_URL",
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID is not known there: correct it",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY doesn't fit AWS_ACCESS_KEY_ID: correct it",
    "InvalidToken": "AWS_SESSION_TOKEN is refused: correct it, or leave it out",
    "ExpiredToken": "AWS_SESSION_TOKEN has expired: get another one",
    "RequestTimeTooSkewed": "this machine's clock and the server's are too far apart: set both by NTP",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set ?region= in RESULTS_URL",
    "PermanentRedirect": "the bucket is in another region: set ?region= in RESULTS_URL",
    "NoCredentials": "no key is set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "AccessDenied": "the key may not do this: give it the rights of docs/operations.md",
}


class S3Pictures:
    """A `PictureStore` in a bucket."""

    def __init__(self, bucket: Bucket, *, request_s: float = REQUEST_S) -> None:
        """`request_s`: the time limit of each request.

        Raises:
          SettingsError: when obstore is not installed, or the bucket's certificates can't be read.
        """
        try:
            import obstore
        except ModuleNotFoundError:
            raise SettingsError(
                "RESULTS_URL names a bucket, and obstore is not installed, which speaks S3: pip install 'zosma[s3]'"
            ) from None
        self._obstore: Any = obstore
        self.bucket = bucket
        self._store = self._opened(request_s)
        # Of the checks, which must be answered soon.
        self._hasty = self._opened(min(request_s, CHECK_S))

    def _opened(self, request_s: float) -> Any:
        from obstore.store import S3Store

        bucket = self.bucket
        config: Any = {"region": bucket.region}
        if bucket.endpoint:
            config["endpoint"] = bucket.endpoint
        for name in ("access_key_id", "secret_access_key", "session_token"):
            if secret := getattr(bucket.credentials, name):
                config[name] = secret.get_secret_value()
        options: Any = {
            "allow_http": bool(bucket.endpoint and bucket.endpoint.startswith("http://")),
            "timeout": timedelta(seconds=request_s),
            "connect_timeout": timedelta(seconds=min(request_s, CONNECT_S)),
        }
        if bucket.ca_certs:
            options["root_certificate"] = _certificates(bucket.ca_certs)
        return S3Store(
            bucket.bucket,
            prefix=bucket.prefix,
            config=config,
            client_options=options,
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=request_s)},
        )

    @property
    def name(self) -> str:
        """As in the pictures' records."""
        return self.bucket.name

    async def put(self, where: str, data: bytes) -> None:
        """Stores a picture in one request, so that it is there whole or not at all."""
        await self._put(self._store, _path(where), data)

    async def get(self, places: Sequence[str]) -> list[bytes | None]:
        """Each by a request of its own, some at the same time."""
        if len(places) == 1:
            return [await self._get(self._store, _path(places[0]))]
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(where: str) -> bytes | None:
            async with turns:
                return await self._get(self._store, _path(where))

        # To the end, also when one fails: who tries again would otherwise have two readers at once.
        found = await asyncio.gather(*(one(where) for where in places), return_exceptions=True)
        for error in found:
            if isinstance(error, BaseException):
                raise error
        return [data for data in found if not isinstance(data, BaseException)]

    async def drop(self, places: Sequence[str]) -> None:
        """A thousand in one request."""
        await self._drop([_path(one) for one in places])

    async def _drop(self, paths: Sequence[str]) -> None:
        for first in range(0, len(paths), DROP_MAX):
            with self._errors(), suppress(FileNotFoundError):
                await self._obstore.delete_async(self._store, list(paths[first : first + DROP_MAX]))

    async def stored(self) -> AsyncIterator[list[tuple[str, datetime]]]:
        """(place, when it was stored) of all objects that are there, a thousand at a time."""
        found = self._obstore.list(self._store, chunk_size=DROP_MAX)
        while True:
            with self._errors():
                chunk = await anext(found, None)
            if chunk is None:
                return
            places = [(_place(one["path"]), one["last_modified"]) for one in chunk]
            yield [(where, at) for where, at in places if where]

    # -- is it ours, and may we? --------------------------------------------------------------------------------

    async def check_reading(self) -> None:
        """Returns when the bucket answers, and pictures in it may be listed and read.

        Raises:
          StoreRefusesError: when waiting won't help: a wrong key, no such bucket, rights that are missing.
          StoreUnavailableError: when it doesn't answer, or not now.
        """
        with self._errors():
            await anext(self._obstore.list(self._hasty, chunk_size=1), None)
        # One that isn't there: whoever may not read is told so, or that they may not be told.
        await self._get(self._hasty, f"{_CHECK}/nothing")

    async def check_writing(self) -> None:
        """Returns when the bucket answers, and pictures may be stored there and deleted.

        Raises:
          what `check_reading` raises.
        """
        path = f"{_CHECK}/{secrets.token_hex(8)}"
        await self._put(self._hasty, path, b"zosma")
        with self._errors(), suppress(FileNotFoundError):
            await self._obstore.delete_async(self._hasty, path)

    async def mark(self) -> str:
        """What tells this bucket from one of the same name on another server: drawn at the first call, then read.

        Written anew each time, because a bucket may be told to expire what is old.
        """
        mark = await self.marked()
        if not mark:
            drawn = secrets.token_hex(8)
            try:
                with suppress(FileExistsError):  # others begin at the same time
                    await self._put(self._store, _MARK, drawn.encode(), mode="create")
            except StoreUnavailableError as error:
                if not error.code:
                    raise
                # Not every server knows If-None-Match: of two that begin at the same time the later is believed.
                await self._put(self._store, _MARK, drawn.encode())
            return await self.marked() or drawn
        await self._put(self._store, _MARK, mark.encode())
        return mark

    async def marked(self) -> str:
        """The mark; '' where there is none."""
        found = await self._get(self._hasty, _MARK)
        return found.decode("ascii", "replace")[:64] if found else ""

    # -- requests -----------------------------------------------------------------------------------------------

    async def _put(self, store: Any, path: str, data: bytes, *, mode: str = "overwrite") -> None:
        with self._errors():
            await self._obstore.put_async(store, path, data, use_multipart=False, mode=mode)

    async def _get(self, store: Any, path: str) -> bytes | None:
        with self._errors():
            try:
                found = await self._obstore.get_async(store, path)
                if found.meta["size"] > OBJECT_MAX_BYTES:
                    note(path, f"an object of {found.meta['size']:,} bytes is no picture")
                    return None
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                if _code(error) == "NoSuchBucket":
                    raise
                return None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns what the store says into our errors, in one line. Its own have pages of it."""
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            yield
        except AlreadyExistsError:
            raise FileExistsError from None
        except Exception as error:
            # What an answer makes obstore's Rust panic with has a class that can't be imported.
            if not isinstance(error, BaseError | OSError | ValueError) and type(error).__name__ != "RustPanic":
                raise
            code = _code(error)
            if isinstance(error, FileNotFoundError) and code != "NoSuchBucket":
                raise  # an object
            where = self.bucket.shown
            # On AWS the machine's own key may only be late.
            if code in _NEVER and (code != "NoCredentials" or self.bucket.endpoint):
                raise StoreRefusesError(f"{where}: {code}: {_NEVER[code]}", code=code) from None
            raise StoreUnavailableError(f"{where}: {_in_short(error)}", code=code) from None


def check_bucket(settings: Settings, *, reads: bool) -> None:
    """Tries the settings' bucket once, if there is one. `reads`: also what only the bot must do there.

    One that doesn't answer is waited for later, but a wrong key or a missing bucket mends by no wait.

    Raises:
      SettingsError: when it refuses, or obstore is not installed.
    """
    if settings.results is None:
        return
    pictures = S3Pictures(settings.results)

    async def check() -> None:
        await pictures.check_writing()
        if reads:
            await pictures.check_reading()

    try:
        asyncio.run(check())
    except StoreRefusesError as error:
        raise SettingsError(f"RESULTS_URL: {error}") from None
    except StoreUnavailableError as error:
        log.warning("RESULTS_URL: %s: pictures wait until it answers", error)


def _certificates(path: Path) -> bytes:
    """What stands in the file.

    Raises:
      SettingsError: when it holds no certificate. obstore would say so with each request.
    """
    try:
        ssl.create_default_context(cafile=path)
        return path.read_bytes()
    except OSError as error:  # an SSLError is one
        told = getattr(error, "reason", None) or error.strerror or "it can't be read"
        raise SettingsError(f"RESULTS_URL: ssl_ca_certs={path} holds no certificates in PEM ({told})") from None


def _path(where: str) -> str:
    # A part of dots alone would lead elsewhere.
    return "/".join(quote(part, safe="~").replace(".", "%2E") for part in where.rsplit(":", 2))


def _place(path: str) -> str:
    """The place that an object's name stands for; '' for what is no picture."""
    parts = path.split("/")
    return ":".join(unquote(part) for part in parts) if len(parts) == 3 else ""


def _code(error: BaseException) -> str:
    """S3's own word for what is wrong; '' when it said none."""
    text = str(error)
    if found := _CODE.search(text):
        return found[1] or found[2]
    if _MACHINES_OWN in text:
        return "NoCredentials"
    if "incorrectly configured region" in text:  # obstore's own words for a redirect
        return "PermanentRedirect"
    status = _STATUS.search(text)
    return _CODE_OF_STATUS.get(status[1], "") if status else ""


def _in_short(error: BaseException) -> str:
    text = str(error).partition("Debug source")[0]
    if code := _code(error):
        return f"the store says {code}"
    if status := _STATUS.search(text):
        return f"the store answers {status[1]}"
    last = " ".join(text.split()).rpartition(" - ")[2]
    return f"can't be reached ({last[:200] or type(error).__name__})"
