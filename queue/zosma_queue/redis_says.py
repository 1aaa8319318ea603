"""What an error of Redis means: not now, never, or a mistake of ours.

Every caller asks here, so that a full Redis is told from a wrong password the same way everywhere.
"""

from __future__ import annotations

import re

import redis
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
)

from zosma_queue.errors import QueueBusyError, QueueRefusesError, QueueUnavailableError

#: Redis lives and says "not now": it passes by itself, or when the operator helps.
NOT_NOW = {
    "OOM": "is full (maxmemory)",
    "MISCONF": "can't write to its disk",
    "NOREPLICAS": "has too few replicas",
    "MASTERDOWN": "has lost its primary",
    "LOADING": "is still loading its data",
    "BUSY": "is busy with a script",
    "READONLY": "is a replica, which takes no writes",
    "CLUSTERDOWN": "is a cluster with a part missing",
    "TRYAGAIN": "is moving our slot to another node of its cluster",
    "ASK": "is moving our slot to another node of its cluster",
    "UNBLOCKED": "ended a wait (CLIENT UNBLOCK)",
}
#: Waiting alone doesn't mend these: the operator has to change a password, a user's rights or a key.
NEVER = {
    "NOPERM": "doesn't allow this to its user",
    "WRONGPASS": "refuses the password",
    "NOAUTH": "asks for a password",
    "WRONGTYPE": "has something else under one of our keys",
}
#: redis-py strips the code from the text of these. ASK is not followed: on the node that a slot is moved to, a script
#: would find half of its keys missing, and write second ones.
_CLASSES: tuple[tuple[type[redis.RedisError], str], ...] = (
    (redis.AuthenticationError, "WRONGPASS"),
    (redis.exceptions.NoPermissionError, "NOPERM"),
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (BusyLoadingError, "LOADING"),
    (ReadOnlyError, "READONLY"),
    (MasterDownError, "MASTERDOWN"),
    (ClusterDownError, "CLUSTERDOWN"),
    (AskError, "ASK"),
)
#: redis-py puts the whole command, with whatever it carries, before what Redis said; Redis itself names the cause last.
_WRAPPERS = ("of pipeline caused error: ", "discarded because of: ")
_LEADING = re.compile(r"-?([A-Z]+)\b")
#: How Redis before 7 passes on what a script ran into: `ERR Error running script (…): @user_script:1: -OOM command …`.
_IN_SCRIPT = re.compile(r"@user_script: ?\d+: -?([A-Z]+) ")
#: How Redis 7.0, and later ones and Valkey, pass on that a script did what its user may not.
_DENIED_IN_SCRIPT = re.compile("The user executing the script can't|ACL failure in script")
#: Of a server before Redis 7: it can't read the head of our scripts (`#!lua`); before Redis 6 it doesn't know HELLO.
_OLD = re.compile(r"Error compiling script .* near '#'|unknown command .?HELLO", re.IGNORECASE)
TOO_OLD = "is older than Redis 7: update it, or take Valkey"
_NO_CONNECTION_FREE = ("No connection available", "Too many connections")


def said(error: BaseException) -> str:
    """Redis's own words, without the command that they were about: that may hold a member's prompt."""
    text = str(error) or type(error).__name__
    for wrapper in _WRAPPERS:
        text = text.rpartition(wrapper)[2]
    # redis-py's asyncio pipelines show it as the tuple of the error's arguments.
    return text[2:-3] if text[:2] in ("('", '("') and text[-2:] == ",)" else text


def code_of(error: BaseException) -> str:
    """The error's code as in NOT_NOW or NEVER; '' when it is none of them."""
    text = said(error)
    found = [getattr(error, "status_code", None)]
    found += [match.group(1) for match in (_LEADING.match(text), _IN_SCRIPT.search(text)) if match]
    found += [code for kind, code in _CLASSES if isinstance(error, kind)]
    found += ["NOPERM"] if _DENIED_IN_SCRIPT.search(text) else []
    return next((code for code in found if code in NOT_NOW or code in NEVER), "")


def is_too_old(error: BaseException) -> bool:
    """True for what a server says that is too old for us, or that only speaks like Redis."""
    return _OLD.search(said(error)) is not None


def as_queue_error(error: BaseException) -> QueueUnavailableError | None:
    """The error to raise instead; None when Redis is well and the mistake is ours."""
    if isinstance(error, MovedError):  # redis-py's AskError, too
        return QueueRefusesError("Redis is one node of a cluster, and our keys lie on another: write redis+cluster://")
    code, words = code_of(error), said(error)
    if code in NEVER:
        return QueueRefusesError(f"Redis {NEVER[code]}: {code} {words.removeprefix(code).strip()}", code=code)
    if code:
        return QueueUnavailableError(f"Redis {NOT_NOW[code]}: {code} {words.removeprefix(code).strip()}", code=code)
    if is_too_old(error):
        return QueueRefusesError(f"Redis {TOO_OLD}")
    if words.startswith(_NO_CONNECTION_FREE):
        return QueueBusyError("all connections to Redis are in use")
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
        return QueueUnavailableError(f"Redis can't be reached: {words}")
    if "Script killed by user" in words:
        return QueueUnavailableError(f"Redis was busy, and its operator ended what we asked: {words}", code="BUSY")
    return None
