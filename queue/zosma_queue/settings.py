"""Settings from the environment and `.env`, read once in `main` and handed down.

Each process has its own frozen class, built on `Settings`; a wrong value ends the process with one line that names the
variable, the value and the fix. Secrets are `SecretStr`, which no log, error or `repr` shows.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from zosma_queue.env import check_readable, exported, in_file
from zosma_queue.errors import SettingsError
from zosma_queue.logs import LogFormat
from zosma_queue.nodes import is_several, parse_nodes
from zosma_queue.results import Bucket, Credentials, parse_results
from zosma_queue.validation import FieldProblem, problems_of

#: What may stand after the `?` of a Redis URL: for TLS with rediss:// only, for Sentinels with +sentinel:// only.
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
_URL_OPTIONS = ("db", *_TLS_OPTIONS, *_SENTINEL_OPTIONS)

_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}

S = TypeVar("S", bound="LogSettings")


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


#: `a,b,c` as a tuple of strings.
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]


_UNITS_S = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}


def _span_s(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([1-9][0-9]{0,6}) ?(s|m|min|h|d)", value.strip().casefold())
    if not found:
        raise ValueError("must be a number with s, m, h or d, like 90m or 24h")
    return int(found[1]) * _UNITS_S[found[2]]


#: `24h`, `90m` as seconds.
Span = Annotated[int, BeforeValidator(_span_s)]


def _words(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return tuple(shlex.split(value))
    except ValueError:
        raise ValueError("has a quotation mark without its partner: write it as in a shell") from None


#: A program and its arguments, written as in a shell, which isn't asked.
Command = Annotated[tuple[str, ...], BeforeValidator(_words)]


class LogSettings(BaseModel):
    """What a process may be told that knows nothing of the queue."""

    # Each field's docstring is what docs/settings.md says of it (`make reference`).
    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    log_format: LogFormat = Field("auto", validation_alias="ZOSMA_LOG_FORMAT")
    """How logs are written: `text` for people, `json` with one object a line, or `auto`: text in a
    terminal, JSON elsewhere."""


class Settings(LogSettings):
    """What every process of the queue may be told."""

    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    """Redis 7 or later, or Valkey: `redis://:password@host:6379/0`; `rediss://` with TLS, `redis+sentinel://`,
    `redis+cluster://`."""
    redis_addr: str | None = Field(None, validation_alias="REDIS_ADDR")
    """The same as `host:6379`, where REDIS_URL is not set."""
    redis_password: SecretStr | None = Field(None, validation_alias="REDIS_PASSWORD")
    """The password that goes with REDIS_ADDR."""

    results_url: SecretStr | None = Field(None, validation_alias="RESULTS_URL")
    """Where finished pictures are kept: `redis`, or a bucket of any server that speaks S3, the same for the bot and all
    workers: `s3://bucket/prefix?endpoint=http://minio:9000&region=us-east-1`. Not set: `redis`."""
    aws_access_key_id: SecretStr | None = Field(None, validation_alias="AWS_ACCESS_KEY_ID")
    """The key to that bucket. Not set: the machine's own, where it runs on AWS."""
    aws_secret_access_key: SecretStr | None = Field(None, validation_alias="AWS_SECRET_ACCESS_KEY")
    """The secret that goes with it."""
    aws_session_token: SecretStr | None = Field(None, validation_alias="AWS_SESSION_TOKEN")
    """With a key that is good for a while only."""

    @field_validator("redis_url")
    @classmethod
    def _readable_url(cls, value: SecretStr | None) -> SecretStr | None:
        url = _as_redis_url(value.get_secret_value()) if value else ""
        if url and not is_several(url) and not _is_redis_url(url):
            raise ValueError(
                "must look like redis://:password@host:6379/0 (or rediss://, unix://, redis+sentinel://,"
                " redis+cluster://), with / # ? @ in the password written as %2F %23 %3F %40"
            )
        if url and (wrong := _wrong_option(url)):
            raise ValueError(f"has ?{wrong}, which can't be set here; possible are {', '.join(_URL_OPTIONS)}")
        if is_several(url):
            parse_nodes(url)
        return SecretStr(url) if url else None

    @field_validator("results_url")
    @classmethod
    def _readable_results(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            parse_results(value.get_secret_value(), Credentials())
        return value

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        if self.results and bool(self.aws_access_key_id) != bool(self.aws_secret_access_key):
            is_set, other = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
            if self.aws_secret_access_key:
                is_set, other = other, is_set
            raise ValueError(f"{is_set} is set without {other}, which goes with it: set both, or neither")
        return self

    @field_validator("redis_addr")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value:
            try:
                parts = urlsplit(f"redis://{value}")
                good = parts.hostname and (parts.port or True) and not parts.path
            except ValueError:
                good = False
            if not good:
                raise ValueError("must look like host:6379")
        return value

    @property
    def results(self) -> Bucket | None:
        """The bucket in which finished pictures are kept; None for Redis."""
        if self.results_url is None:
            return None
        login = Credentials(
            access_key_id=self.aws_access_key_id,
            secret_access_key=self.aws_secret_access_key,
            session_token=self.aws_session_token,
        )
        return parse_results(self.results_url.get_secret_value(), login)

    @property
    def redis(self) -> str | None:
        """The Redis URL, with its password: never log it. None when no Redis is named."""
        if self.redis_url:
            return self.redis_url.get_secret_value()
        if not self.redis_addr:
            return None
        password = self.redis_password.get_secret_value() if self.redis_password else ""
        login = f":{quote(password, safe='')}@" if password else ""
        address = self.redis_addr if urlsplit(f"redis://{self.redis_addr}").port else f"{self.redis_addr}:6379"
        return f"redis://{login}{address}/0"

    @property
    def redis_variable(self) -> str:
        """The variable that named the Redis."""
        return "REDIS_ADDR" if self.redis_addr and not self.redis_url else "REDIS_URL"

    @property
    def redis_password_variable(self) -> str:
        """The variable in which its password belongs."""
        return "REDIS_PASSWORD" if self.redis_variable == "REDIS_ADDR" else "REDIS_URL"


def _as_redis_url(url: str) -> str:
    """The URL under the one spelling of its scheme that redis-py knows; Valkey's own clients have others."""
    scheme, mark, rest = url.partition("://")
    name, plus, kind = scheme.casefold().partition("+")
    return f"{_SCHEMES.get(name, name)}{plus}{kind}{mark}{rest}" if mark else url


def _wrong_option(url: str) -> str:
    """The first option after the `?` that would change how we speak with Redis, or that redis-py doesn't know."""
    scheme = urlsplit(url).scheme
    known = {"db", *(_TLS_OPTIONS if scheme.startswith("rediss") else ())}
    known |= set(_SENTINEL_OPTIONS) if scheme.endswith("+sentinel") else set()
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name not in known or (name == "db" and not value.isdecimal()):
            return re.sub(r"[^\w-]", "?", name)[:40]
    return ""


def _is_redis_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return bool(parts.path)
        database = parts.path.removeprefix("/")
        good_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    known = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and not parts.fragment
    return known and good_port and (not database or database.isdecimal())


def address_of(url: str) -> str:
    """A URL without its credentials, fit for a log."""
    if is_several(url):
        return parse_nodes(url).shown
    parts = urlsplit(url)
    place = parts.hostname or ""
    if parts.port:
        place = f"{place}:{parts.port}"
    return f"{parts.scheme}://{place}{parts.path}"


def load(cls: type[S], given_here: Mapping[str, str] | None = None, *, env_file: Path | None = Path(".env")) -> S:
    """The settings of one process. The environment wins over `.env`, `given_here` (the command line) over both.

    An empty value counts as not set.

    pydantic-settings would fall back to `.env` for an empty variable, but `DISCORD_TOKEN= zosma up` must mean "no
    Discord this time"; and its errors don't name the variable that was used.

    Raises:
      SettingsError: for the first wrong value or line; the text names variable, value and fix.
    """
    if env_file:
        check_readable(env_file)
    found = read(cls, {**given_in(env_file), **(given_here or {})})
    if isinstance(found, list):
        raise found[0]
    return found


def given_in(env_file: Path | None) -> dict[str, str]:
    """name → value of all that the environment and `.env` set, the environment first.

    Raises:
      SettingsError: when the file can't be read.
    """
    return {**(in_file(env_file) if env_file else {}), **exported()}


def read(cls: type[S], values: Mapping[str, str]) -> S | list[SettingsError]:
    """The settings of one process, or all that is wrong with them. An empty value counts as not set."""
    given = {name: value for name, value in values.items() if value}
    known = {}
    for name, field in cls.model_fields.items():
        for alias in aliases_of(field.validation_alias) or [name.upper()]:
            if alias in given and name not in known:
                known[name] = given[alias]
    try:
        return cls.model_validate(known)
    except ValidationError as error:
        return [_explain(cls, problem, given) for problem in problems_of(error)]


def aliases_of(alias: Any) -> list[str]:
    """The variable names under which a field is read."""
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [alias] if isinstance(alias, str) else []


def _explain(cls: type[LogSettings], problem: FieldProblem, given: Mapping[str, str]) -> SettingsError:
    if not problem.path:
        return SettingsError(problem.text)
    location = problem.path[0]
    name, field = next(
        (name, field)
        for name, field in cls.model_fields.items()
        if location in (name, *aliases_of(field.validation_alias))
    )
    aliases = aliases_of(field.validation_alias) or [name.upper()]
    variable = next((alias for alias in aliases if alias in given), aliases[0])
    if problem.kind == "missing":
        return SettingsError(f"{variable} is not set: {field.description or 'it is needed here'}")
    shown = "(hidden)" if "SecretStr" in str(field.annotation) else repr(given.get(variable, ""))
    return SettingsError(f"{variable}={shown} is wrong: {_wanted(field, problem)}")


def _wanted(field: FieldInfo, problem: FieldProblem) -> str:
    """What to write instead: in our words where pydantic's are for programmers."""
    if problem.kind.startswith("bool"):
        return "must be on or off"
    if not problem.kind.startswith(("int", "greater_than", "less_than")):
        return problem.text
    least = next((one.ge for one in field.metadata if hasattr(one, "ge")), None)
    most = next(
        (
            one.le if hasattr(one, "le") else one.lt - 1
            for one in field.metadata
            if hasattr(one, "le") or hasattr(one, "lt")
        ),
        None,
    )
    if any(getattr(one, "func", None) is _span_s for one in field.metadata):
        low, high = (_shown_span(one) if one else None for one in (least, most))
        return "must be a span" + (f" from {low}" if low else "") + (f" to {high}" if high else "")
    return (
        "must be a whole number"
        + (f" from {least}" if least is not None else "")
        + (f" to {most}" if most is not None else "")
    )


def _shown_span(seconds: int) -> str:
    """Seconds as they are written in a setting."""
    return next(
        f"{seconds // size}{unit}" for unit, size in reversed(_UNITS_S.items()) if not seconds % size or size == 1
    )
