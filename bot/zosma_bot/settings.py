"""What the bot process may be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from zosma_queue.hosts import is_loopback
from zosma_queue.settings import Command, CommaSeparated, Settings, Span

GUILD_ID_MAX = 2**63
KEY_MIN_CHARS = 16
#: As long as ended jobs are kept.
WAIT_MAX_S = 30 * 86_400
_UNITS = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}


class BotSettings(Settings):
    """Settings of `zosma bot`."""

    discord_token: SecretStr | None = Field(None, validation_alias=AliasChoices("DISCORD_TOKEN", "BOT_TOKEN"))
    """The bot's token, from the developer portal's page *Bot*. Not set: the HTTP side only."""
    discord_api_url: str | None = Field(None, validation_alias="DISCORD_API_URL")
    """Another server that speaks Discord's API, `http://host:port/api/v10`."""
    discord_gateway_url: str | None = Field(None, validation_alias="DISCORD_GATEWAY_URL")
    """That server's gateway, `ws://host:port/`."""
    discord_guild_id: int | None = Field(None, validation_alias="DISCORD_GUILD_ID", ge=1, lt=GUILD_ID_MAX)
    """Your server's id: the commands appear there at once. Not set: everywhere, within the hour."""
    discord_shards: str | None = Field(None, validation_alias="DISCORD_SHARDS")
    """`auto`: as many connections to the gateway as Discord wants. Not set: one."""
    discord_requests_per_s: int = Field(45, validation_alias="DISCORD_REQUESTS_PER_S", ge=5, le=10_000)
    """Requests a second to Discord, which lets 50 through unless it has granted more to a large bot."""
    public_url: str | None = Field(None, validation_alias="ZOSMA_PUBLIC_URL")
    """Where the internet finds the HTTP server; signed links to original pictures begin with it."""
    classifier_url: str | None = Field(None, validation_alias="ZOSMA_CLASSIFIER_URL")
    """Asked about each picture before it is shown in Discord: POST with its bytes, answers
    `{"verdict": "ok"|"spoiler"|"block", "reason": …}`."""
    grid: bool = Field(False, validation_alias="ZOSMA_GRID")
    """`on`: sets of pictures are shown as one."""
    pictures_max: int | None = Field(None, validation_alias="ZOSMA_PICTURES_MAX", ge=1)
    """What finished jobs' pictures may take in Redis, like `500mb`. Not set: half of its `maxmemory`."""
    data_dir: Path | None = Field(None, validation_alias="ZOSMA_DATA_DIR")
    """A folder where the bot notes which messages wait for their end. Not set: it knows them for as long as it
    runs."""
    host: str = Field("127.0.0.1", validation_alias="ZOSMA_HOST")
    """Address that the HTTP server listens on; the image sets `0.0.0.0`. Anything but loopback wants keys."""
    port: int = Field(1324, validation_alias="ZOSMA_PORT", ge=0, le=65535)
    """Its port."""
    keys: SecretStr | None = Field(None, validation_alias="ZOSMA_API_KEYS")
    """API keys beside those of `zosma keys`: `name:key`, commas between, 16 characters or more each."""
    admins: CommaSeparated = Field((), validation_alias="ZOSMA_ADMINS")
    """Names in ZOSMA_API_KEYS whose holders may use the admin API."""
    allowed_hosts: CommaSeparated = Field((), validation_alias="ZOSMA_ALLOWED_HOSTS")
    """Names beside those of loopback under which the HTTP server may be called while no keys are set."""
    cors_origins: CommaSeparated = Field((), validation_alias="ZOSMA_CORS_ORIGINS")
    """Sites whose pages may use the HTTP server from a browser, like A1111's --cors-allow-origins. Extensions and
    programs too: `chrome-extension://…`, `capacitor://localhost`."""
    webhook_secret: SecretStr | None = Field(None, validation_alias="ZOSMA_WEBHOOK_SECRET")
    """Signs every webhook. Not set: each caller's are signed with a secret of their own."""
    webhook_hosts: CommaSeparated = Field((), validation_alias="ZOSMA_WEBHOOK_HOSTS")
    """Names of hosts of one's own network that webhooks may be sent to."""
    home_guilds: CommaSeparated = Field((), validation_alias="ZOSMA_HOME_GUILDS")
    """Ids of the Discord servers whose admins may steer the whole fleet. Not set: those of the only server, if it is
    one."""

    wait_for_gpu_s: Span = Field(24 * 3600, validation_alias="ZOSMA_WAIT_FOR_GPU", ge=0, le=WAIT_MAX_S)
    """While no worker is ready jobs are taken if one was within this time, and wait as long for one (`30m`, `24h`,
    `7d`); `off`: they are refused."""
    wake_command: Command = Field((), validation_alias="ZOSMA_WAKE_COMMAND")
    """Run when jobs wait and no worker is ready, without a shell; again after 2, 4, 8 … minutes, once an hour at
    most."""
    wake_webhook: str | None = Field(None, validation_alias="ZOSMA_WAKE_WEBHOOK")
    """Posted to then, signed with ZOSMA_WEBHOOK_SECRET."""
    idle_command: Command = Field((), validation_alias="ZOSMA_IDLE_COMMAND")
    """Run when workers are ready and have had nothing to do for ZOSMA_IDLE_AFTER."""
    idle_webhook: str | None = Field(None, validation_alias="ZOSMA_IDLE_WEBHOOK")
    """Posted to then, signed with ZOSMA_WEBHOOK_SECRET."""
    idle_after_s: Span = Field(15 * 60, validation_alias="ZOSMA_IDLE_AFTER", ge=60, le=WAIT_MAX_S)
    """How long they have had nothing to do by then."""

    guilds: CommaSeparated = Field((), validation_alias="ZOSMA_GUILDS")
    """Ids of the Discord servers that may use the bot. Not set: all that invite it."""
    leave_others: bool = Field(False, validation_alias="ZOSMA_LEAVE_OTHER_GUILDS")
    """`on`: the bot leaves servers that ZOSMA_GUILDS doesn't name."""
    direct_messages: Literal["on", "members", "off"] = Field("on", validation_alias="ZOSMA_DMS")
    """Who may ask in direct messages: `on` everybody, `members` who is in a server of ZOSMA_GUILDS, `off` nobody."""

    @field_validator("discord_guild_id", mode="before")
    @classmethod
    def _guild_id(cls, value: object) -> object:
        if isinstance(value, str) and not _is_guild_id(value.strip()):
            raise ValueError(f"must be a server's id: {_FIND_ID}")
        return value

    @field_validator("pictures_max", mode="before")
    @classmethod
    def _bytes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,8}) ?([kmg]b)", value.strip().casefold())
        if not found:
            raise ValueError("must be a number of kb, mb or gb, like 500mb")
        return int(found[1]) * _UNITS[found[2]]

    @field_validator("wait_for_gpu_s", mode="before")
    @classmethod
    def _or_off(cls, value: object) -> object:
        given = str(value).strip().casefold()
        if not isinstance(value, int) and given != "off" and not given[:1].isdecimal():
            raise ValueError("must be off, or a number with s, m, h or d, like 90m or 24h")
        return 0 if given == "off" else value

    @field_validator("discord_token")
    @classmethod
    def _one_word(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value().strip() if value else ""
        if len(token.split()) > 1:
            raise ValueError("must be one word without spaces or line breaks, as the Developer Portal shows it once")
        if not token.isascii() or not token.isprintable() or set(token) & set("\"'<>`"):
            raise ValueError("must be as the Developer Portal shows it once, with no quotation marks or < > around it")
        return SecretStr(token) if token else None

    @field_validator("host")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        if not _is_address(f"http://{f'[{value}]' if ':' in value else value}", "http") or set(value) & set("/@?#"):
            raise ValueError("must be an address to listen on, like 127.0.0.1 or 0.0.0.0; the port is ZOSMA_PORT")
        return value

    @field_validator("discord_api_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value and not _is_address(value, "http", "https"):
            raise ValueError("must look like http://host:port/api/v10")
        return value and value.rstrip("/")

    @field_validator("public_url", "classifier_url", "wake_webhook", "idle_webhook")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value and not _is_address(value, "http", "https"):
            raise ValueError("must look like https://pictures.example.org")
        return value and value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _bare(cls, value: str | None) -> str | None:
        if value and (urlsplit(value).query or urlsplit(value).fragment or "@" in urlsplit(value).netloc):
            raise ValueError("must have no user, ? or #: paths are put behind it")
        return value

    @field_validator("discord_gateway_url")
    @classmethod
    def _ws_url(cls, value: str | None) -> str | None:
        if value and not _is_address(value, "ws", "wss"):
            raise ValueError("must look like ws://host:port/")
        return value

    @field_validator("discord_shards")
    @classmethod
    def _auto(cls, value: str | None) -> str | None:
        if value and value.strip().casefold() != "auto":
            raise ValueError("must be auto (Discord says how many connections), or left out for one connection")
        return value and value.strip().casefold()

    @field_validator("webhook_secret")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) < KEY_MIN_CHARS:
            raise ValueError(
                f"has {len(value.get_secret_value())} characters, fewer than {KEY_MIN_CHARS} can be guessed: make one"
                ' with python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        return value

    @field_validator("allowed_hosts", "webhook_hosts")
    @classmethod
    def _bare_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _is_address(f"http://{one}", "http") or set(one) & set("/@*"):
                raise ValueError(f"{one!r} is no host's name: write it like gpu-box.lan, several with commas between")
        # As `Host` is compared: without a port.
        return tuple((urlsplit(f"http://{one}").hostname or one).rstrip(".") for one in value)

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if one == "*":
                raise ValueError("'*' would let every web page steer the fleet: name the sites, with commas between")
            if one == "null":
                raise ValueError(
                    "'null' is the origin of a file on a disk, and of what any site puts into a frame: serve the page"
                    " by http (`python -m http.server`), and name that address"
                )
            # Extensions and programs have a scheme of their own: chrome-extension://…, capacitor://localhost.
            if not _is_address(one, one.partition("://")[0]) or one.count("/") > 2 or "@" in one:
                raise ValueError(f"{one!r} is no origin: write it like https://lite.koboldai.net, with nothing behind")
        return tuple(one.casefold() for one in value)

    @field_validator("direct_messages", mode="before")
    @classmethod
    def _whose(cls, value: object) -> object:
        given = str(value).strip().casefold()
        if given not in ("on", "members", "off"):
            raise ValueError("must be on (everybody), members (who is in a server of ZOSMA_GUILDS) or off (nobody)")
        return given

    @field_validator("home_guilds", "guilds")
    @classmethod
    def _guild_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _is_guild_id(one):
                raise ValueError(f"{one!r} is no server's id: {_FIND_ID}; several with commas between")
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
        for key, name in holders.items():
            if len(key) < KEY_MIN_CHARS:
                raise ValueError(
                    f"the key of {name} has {len(key)} characters, fewer than {KEY_MIN_CHARS} can be guessed: make one"
                    ' with python -c "import secrets; print(secrets.token_urlsafe())"'
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
    def _calls_are_signed(self) -> Self:
        for name, url in (("ZOSMA_WAKE_WEBHOOK", self.wake_webhook), ("ZOSMA_IDLE_WEBHOOK", self.idle_webhook)):
            if url and not self.webhook_secret:
                raise ValueError(f"{name} needs ZOSMA_WEBHOOK_SECRET, which signs what is posted there: set it too")
        return self

    @model_validator(mode="after")
    def _guilds_fit(self) -> Self:
        if not self.guilds:
            for name, wants in (
                ("ZOSMA_DMS=members", self.direct_messages == "members"),
                ("ZOSMA_LEAVE_OTHER_GUILDS=on", self.leave_others),
            ):
                if wants:
                    raise ValueError(f"{name} needs ZOSMA_GUILDS: the ids of your servers, with commas between")
            return self
        missing = set(self.home_guilds) - set(self.guilds)
        if missing:
            raise ValueError(
                f"ZOSMA_HOME_GUILDS names {', '.join(sorted(missing))}, which ZOSMA_GUILDS doesn't let use the bot:"
                " add the id there, or leave it out"
            )
        if self.discord_guild_id is not None and self.discord_guild_id not in self.served_guilds:
            raise ValueError(
                f"DISCORD_GUILD_ID={self.discord_guild_id} is not in ZOSMA_GUILDS: the commands would be registered"
                " where nobody may use them"
            )
        return self

    @property
    def only_loopback(self) -> bool:
        """True when no other machine reaches the HTTP server."""
        return is_loopback(self.host)

    @property
    def homes(self) -> frozenset[int]:
        """The ids in ZOSMA_HOME_GUILDS."""
        return frozenset(int(one) for one in self.home_guilds)

    @property
    def served_guilds(self) -> tuple[int, ...]:
        """The ids in ZOSMA_GUILDS, in their order."""
        return tuple(dict.fromkeys(int(one) for one in self.guilds))

    @property
    def api_keys(self) -> dict[str, str]:
        """key → name of its holder. Empty: no key is asked for."""
        pairs = (pair.partition(":") for pair in _split(self.keys))
        return {key.strip(): name.strip() for name, _, key in pairs}


_FIND_ID = "switch on Discord's developer mode, right-click the server, Copy Server ID"


def _is_guild_id(text: str) -> bool:
    # `isdecimal` takes digits of every script; Discord's are these ten.
    return text.isascii() and text.isdecimal() and 0 < int(text) < GUILD_ID_MAX


def _is_address(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        good_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    good_letters = not any(letter.isspace() or letter in '<>()"' for letter in url)
    return parts.scheme in schemes and bool(parts.hostname) and good_port and good_letters


def _split(value: SecretStr | None) -> list[str]:
    return [pair.strip() for pair in value.get_secret_value().split(",") if pair.strip()] if value else []
