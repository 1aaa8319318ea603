"""Making, listing and taking away API keys: what the HTTP API and `zosma keys --redis` do alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zosma_queue.api_keys import EXPIRES_MAX_S, OVERLAP_MAX_S, USUAL, ApiKey, KeyScope
from zosma_queue.client import Queue
from zosma_queue.policy import Policy
from zosma_queue.validation import malformed, problems_of

#: Fields of a key's view that aren't known of one in the environment.
_UNKNOWN = ("ends_with", "created_ms", "created_by", "expires_ms", "revoked_ms", "old_key_until_ms")


class KeyFields(BaseModel):
    """What a key can be given."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    scopes: frozenset[KeyScope] | None = Field(None, min_length=1)
    """What the key is for; left out: submit and read for a new one, else as it was."""
    expires_s: float | None = Field(None, ge=1, le=EXPIRES_MAX_S)
    """Seconds after which it ends by itself; left out: never for a new one, else after as long as the old one."""


class NewKeyFields(KeyFields):
    """What makes a key."""

    name: str
    """Its jobs are charged to `key:<name>`."""
    limits: Policy | None = None
    """Lane, weight and limits of its holder; left out: those of `default`."""


class RotateFields(KeyFields):
    """What makes a new key for a name that is known."""

    overlap_s: float = Field(0, ge=0, le=OVERLAP_MAX_S)
    """Seconds for which the old key goes on."""


Fields = TypeVar("Fields", bound=KeyFields)


class KeyAdmin:
    """What can be done with keys, over one queue. Every change is written down under `who`."""

    def __init__(self, queue: Queue, environment: Mapping[str, frozenset[KeyScope]]) -> None:
        """`environment` maps name → scopes, for the keys that the bot's environment gives."""
        self._stored = queue.api_keys
        self._admin = queue.admin
        self._environment = environment
        self._other_admin = any(KeyScope.ADMIN in scopes for scopes in environment.values())

    async def list(self) -> list[dict[str, Any]]:
        """All keys, those that work first, with their limits and when they were last used.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        known, used, policies = await self._stored.known(), await self._stored.used(), await self._admin.policies()
        views = [
            {
                "name": name, "state": "works", "source": "environment", "scopes": sorted(scopes),
                **dict.fromkeys(_UNKNOWN),
                "last_used_ms": used.get(name), "limits": _dumped(policies.get(f"key:{name}")),
            }
            for name, scopes in self._environment.items()
        ]  # fmt: skip
        views += [
            key_view(key, known.now_ms, used.get(name), policies.get(f"key:{name}"))
            for name, key in known.keys.items()
        ]  # fmt: skip
        return sorted(views, key=lambda view: (view["state"] != "works", view["name"]))

    async def create(self, who: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A new key's view, with the `key` itself.

        Raises:
          RequestRefusedError: when a field is unknown or wrong.
          KeyRefusedError: when the name is taken or can't be one, or it is the first key and no admin's.
          QueueUnavailableError: when Redis doesn't answer.
        """
        given = _read(NewKeyFields, fields)
        made = await self._stored.create(
            who, given.name, scopes=given.scopes or USUAL, expires_s=given.expires_s, policy=given.limits,
            others=self._environment, other_admin=self._other_admin,
        )  # fmt: skip
        return {**key_view(made.about, made.about.created_ms, None, given.limits), "key": made.key}

    async def rotate(self, who: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A new key in the place of the one that a name has; its view, with the `key` itself.

        Raises:
          RequestRefusedError: when a field is unknown or wrong.
          KeyRefusedError: when there is no such name, or nobody would be an admin any more.
          QueueUnavailableError: when Redis doesn't answer.
        """
        given = _read(RotateFields, fields)
        made = await self._stored.rotate(
            who, name, overlap_s=given.overlap_s, scopes=given.scopes, expires_s=given.expires_s,
            others=self._environment, other_admin=self._other_admin,
        )  # fmt: skip
        policy = (await self._admin.policies()).get(f"key:{name}")
        return {**key_view(made.about, made.about.created_ms, None, policy), "key": made.key}

    async def revoke(self, who: str, name: str, *, also_last: bool = False) -> dict[str, Any]:
        """Takes a key away for good; the last admin's with `also_last` only. Its view.

        Raises:
          KeyRefusedError: when there is no such key, or nobody would be an admin any more.
          QueueUnavailableError: when Redis doesn't answer.
        """
        key = await self._stored.revoke(
            who, name, others=self._environment, other_admin=self._other_admin, also_last=also_last
        )
        policy = (await self._admin.policies()).get(f"key:{name}")
        return key_view(key, key.revoked_ms or 0, None, policy)

    async def forget_all(self, who: str) -> dict[str, Any]:
        """Forgets all keys in Redis; how many.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return {"forgotten": await self._stored.forget_all(who)}


def key_view(key: ApiKey, now_ms: int, used_ms: int | None, policy: Policy | None) -> dict[str, Any]:
    """A key as admins see it: never the key itself. `last_used_ms` is right to within ten minutes."""
    state = "revoked" if key.revoked_ms is not None else "works" if key.works(now_ms) else "expired"
    return {
        "name": key.name,
        "state": state,
        "source": "redis",
        "scopes": sorted(key.scopes),
        "ends_with": key.hint,
        "created_ms": key.created_ms,
        "created_by": key.created_by,
        "expires_ms": key.expires_ms,
        "revoked_ms": key.revoked_ms,
        "old_key_until_ms": key.old_until_ms if key.old_digest and key.old_until_ms > now_ms else None,
        "last_used_ms": used_ms,
        "limits": _dumped(policy),
    }


def scopes_of_environment(names: Collection[str], admins: Collection[str]) -> dict[str, frozenset[KeyScope]]:
    """Name → scopes of the keys in a process's environment: those of `ZOSMA_ADMINS` may do everything."""
    return {name: frozenset(KeyScope) if name in admins else USUAL for name in names}


def _dumped(policy: Policy | None) -> dict[str, Any] | None:
    return policy.model_dump(mode="json") if policy else None


def _read(kind: type[Fields], fields: Mapping[str, Any]) -> Fields:
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise malformed(problems_of(error)[0]) from None
