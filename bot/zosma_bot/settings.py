"""What the bot process may be told."""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from zosma_queue.settings import CommaSeparated, Settings

GUILD_ID_MAX = 2**63


def is_loopback(host: str) -> bool:
    """True when only this machine can reach an address of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class BotSettings(Settings):
    """Settings of `zosma bot`."""

    discord_token: SecretStr | None = Field(None, validation_alias=AliasChoices("DISCORD_TOKEN", "BOT_TOKEN"))
    discord_api_url: str | None = Field(None, validation_alias="DISCORD_API_URL")
    discord_gateway_url: str | None = Field(None, validation_alias="DISCORD_GATEWAY_URL")
    discord_guild_id: int | None = Field(None, validation_alias="DISCORD_GUILD_ID", ge=1, lt=GUILD_ID_MAX)
    host: str = Field("127.0.0.1", validation_alias="ZOSMA_HOST")
    port: int = Field(1324, validation_alias="ZOSMA_PORT", ge=0, le=65535)
    keys: SecretStr | None = Field(None, validation_alias="ZOSMA_API_KEYS")
    admins: CommaSeparated = Field((), validation_alias="ZOSMA_ADMINS")
    """Names in ZOSMA_API_KEYS whose holders may use the admin API."""

    @field_validator("discord_api_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value and not _is_address(value, "http", "https"):
            raise ValueError("must look like http://host:port/api/v10")
        return value and value.rstrip("/")

    @field_validator("discord_gateway_url")
    @classmethod
    def _ws_url(cls, value: str | None) -> str | None:
        if value and not _is_address(value, "ws", "wss"):
            raise ValueError("must look like ws://host:port/")
        return value

    @field_validator("keys")
    @classmethod
    def _pairs(cls, value: SecretStr | None) -> SecretStr | None:
        holders: dict[str, str] = {}
        for number, pair in enumerate(_split(value), start=1):
            name, _, key = pair.partition(":")
            if not name.strip() or not key.strip():
                raise ValueError(f"entry {number} must look like name:key, with commas between entries")
            holder = holders.setdefault(key.strip(), name.strip())
            if holder != name.strip():
                raise ValueError(
                    f"{holder} and {name.strip()} have the same key, which would make both of them {holder}:"
                    " give each name a key of its own"
                )
        return value

    @model_validator(mode="after")
    def _known_admins(self) -> Self:
        unknown = set(self.admins) - set(self.api_keys.values())
        if unknown:
            raise ValueError(
                f"ZOSMA_ADMINS={','.join(self.admins)!r} names {', '.join(sorted(unknown))}, for whom ZOSMA_API_KEYS"
                " has no key: add name:key there, or leave the name out"
            )
        return self

    @model_validator(mode="after")
    def _no_open_door(self) -> Self:
        if not self.api_keys and not is_loopback(self.host):
            raise ValueError(
                f"ZOSMA_HOST={self.host!r} opens the HTTP API to other machines, but ZOSMA_API_KEYS is not set:"
                " set it (name:key, …) or leave ZOSMA_HOST at 127.0.0.1"
            )
        return self

    @property
    def api_keys(self) -> dict[str, str]:
        """key → name of its holder. Empty: no key is asked for."""
        pairs = (pair.partition(":") for pair in _split(self.keys))
        return {key.strip(): name.strip() for name, _, key in pairs}


def _is_address(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _split(value: SecretStr | None) -> list[str]:
    return [pair.strip() for pair in value.get_secret_value().split(",") if pair.strip()] if value else []
