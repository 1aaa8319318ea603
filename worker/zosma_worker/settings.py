"""What a worker is told: which WebUIs are its own, and where the queue is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from zosma_queue.settings import Command, CommaSeparated, Settings

#: Where A1111 listens unless told otherwise.
DEFAULT_PORT = 7860
#: Nobody waits longer for a worker to go.
GRACE_MAX_S = 24 * 3600


_NOT_IN_ADDRESSES = re.compile(r"[\s<>\"'()\\]")
#: What people leave on an address that they have copied out of the API's documentation.
_API_PATH = re.compile(r"/(?:sdapi(?:/v\d+)?|docs)$")


@dataclass(frozen=True)
class Address:
    """One WebUI: its base URL without a slash at the end, and its login."""

    url: str
    auth: SecretStr | None = None
    """`user:password` for HTTP Basic."""

    @property
    def place(self) -> str:
        """`host:port` for names and logs, with the path when there is one."""
        return self.url.partition("://")[2]


class WorkerSettings(Settings):
    """Settings of `zosma worker`."""

    sd_api_host: CommaSeparated = Field((), validation_alias="SD_API_HOST")
    """The WebUIs of this worker: `host`, `host:port` or a URL, with a path if the WebUI has one; several with commas
    between."""
    sd_api_auth: SecretStr | None = Field(None, validation_alias="SD_API_AUTH")
    """`user:password`, as given to the WebUI's `--api-auth`."""
    grace_s: float = Field(300.0, validation_alias="SD_GRACE_S")
    """Seconds that the running job gets when the worker is told to stop; then it is handed back and made elsewhere."""
    benchmark: bool = Field(True, validation_alias="SD_BENCHMARK")
    """Measure the speed with one small picture where it isn't known yet; `off`: learn it from jobs."""
    restart_command: Command = Field((), validation_alias="SD_RESTART_COMMAND")
    """Program and arguments that start a sick WebUI again, run without a shell; for one WebUI only."""

    workflows: Path | None = Field(None, validation_alias="ZOSMA_WORKFLOWS")
    """A folder with workflows of your own, for ComfyUI."""

    @field_validator("workflows")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        folder = value.expanduser()
        if not folder.is_dir():
            raise ValueError("is no folder: make it, and put workflows in ComfyUI's API format into it")
        return folder

    @field_validator("grace_s", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds <= GRACE_MAX_S:
            raise ValueError(f"must be a number of seconds from 0 to {GRACE_MAX_S}, like 300")
        return seconds

    @field_validator("benchmark", mode="before")
    @classmethod
    def _on_or_off(cls, value: object) -> bool:
        known = {"on": True, "off": False}
        if isinstance(value, bool):
            return value
        if str(value).strip().casefold() not in known:
            raise ValueError("must be on or off")
        return known[str(value).strip().casefold()]

    @model_validator(mode="after")
    def _one_webui_to_restart(self) -> Self:
        if self.restart_command and len(self.sd_api_host) > 1:
            raise ValueError(
                "SD_RESTART_COMMAND starts one WebUI, but SD_API_HOST names several: run a worker for each of them"
            )
        return self

    @field_validator("sd_api_host")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        urls = [_url(given) for given in value if "@" not in given]
        if len(set(urls)) < len(urls):
            raise ValueError("names a WebUI twice: one worker drives one WebUI, so name each once")
        return value

    @field_validator("sd_api_auth")
    @classmethod
    def _login(cls, value: SecretStr | None) -> SecretStr | None:
        if value and ":" not in value.get_secret_value():
            raise ValueError("must look like user:password, as given to the WebUI's --api-auth")
        return value

    @model_validator(mode="after")
    def _no_login_in_addresses(self) -> Self:
        # Not in the field's validator: its error would show the value, and with it the password.
        if any("@" in given for given in self.sd_api_host):
            raise ValueError("SD_API_HOST holds a login: leave it out and set SD_API_AUTH=user:password")
        return self

    @property
    def webuis(self) -> tuple[Address, ...]:
        """The WebUIs, in the order given."""
        return tuple(Address(_url(given), self.sd_api_auth) for given in self.sd_api_host)


def _url(given: str) -> str:
    """The base URL that an address stands for.

    Raises:
      ValueError: when it stands for none; the text says what it should look like.
    """
    url = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port, parts = None, urlsplit("")
    strange = _NOT_IN_ADDRESSES.search(given) or given.isdecimal()  # 7860 alone would be the host 0.0.30.180
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or strange:
        raise ValueError("must look like host:7860 or http://host:7860, several separated by commas")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is None and "://" not in given:
        port = DEFAULT_PORT
    place = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{place}{_API_PATH.sub('', parts.path.rstrip('/'))}"
