"""What each part of a backup must look like. All raise RequestRefusedError, ValidationError or one of `READING`."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from zosma_queue.api_keys import ApiKey
from zosma_queue.backup import FailedJob
from zosma_queue.job import Job, State
from zosma_queue.needs import Lane, Needs
from zosma_queue.policy import Policy, checked_name, parse_policy
from zosma_queue.unreadable import finite
from zosma_queue.validation import problems_of

_DIGEST = re.compile(r"[0-9a-f]{64}|")
_JOB_ID = re.compile(r"[\w-]{1,128}")
_JOB_FIELD = re.compile(r"[a-z_]{1,40}(:\d{1,4})?")


def policy_of(name: str, fields: dict[str, Any]) -> Policy:
    """The limits of a name."""
    checked_name(name)
    return parse_policy(fields)


def api_key_of(name: str, fields: dict[str, Any]) -> ApiKey:
    """What is kept of an API key."""
    key = ApiKey.model_validate(fields)
    if key.name != name:
        raise ValueError(f"its name is {key.name[:60]!r}: it must be the one that it stands under")
    for text in (key.digest, key.old_digest):
        if not _DIGEST.fullmatch(text):
            raise ValueError("digest must be a SHA-256 in hex, as `zosma export` writes it")
    if bool(key.digest) == (key.revoked_ms is not None):
        raise ValueError("digest must be '' for a revoked key, and for no other")
    return key


def whole_of(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be a whole number")
    return int(finite(str(value)))


def failed_job_of(job_id: str, given: dict[str, Any]) -> FailedJob:
    """A job that failed, such that it can be shown and given a new life."""
    fields, reply, undelivered = given.get("fields"), given.get("reply"), given.get("undelivered", False)
    if not _JOB_ID.fullmatch(job_id):
        raise ValueError("its id can't be one")
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise TypeError("fields must be an object of texts")
    if any(not _JOB_FIELD.fullmatch(name) for name in fields) or "of" in fields:
        raise ValueError("fields has one that no job has")
    if not isinstance(reply, dict | None) or not isinstance(undelivered, bool):
        raise TypeError("reply must be an object or null, undelivered true or false")
    if reply and reply.get("token"):
        raise ValueError("reply.token must be '': no secret belongs here")
    job = Job.from_hash(job_id, {name.encode(): value.encode() for name, value in fields.items()})
    if job.state is not State.FAILED or job.finished_ms is None or not job.owner or not job.group:
        raise ValueError("fields must be those of a failed job: state, finished, owner and group")
    Needs.from_json(fields["needs"])
    Lane(fields["class"].partition("|")[0])
    if not finite(fields["cost"]) > 0 or not finite(fields["patience"]) >= 0:
        raise ValueError("cost must be above 0, patience not below")
    finite(fields["seq"])
    finite(fields["created"])
    return FailedJob(fields=fields, reply=reply, undelivered=undelivered)


def said(error: Exception) -> str:
    """What is wrong with a part, in half a sentence."""
    if isinstance(error, ValidationError):
        problem = problems_of(error)[0]
        return f"{problem.field} {problem.clause}".strip()
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, UnicodeEncodeError):
        return "has half a character: write it anew"
    return " ".join(str(error).split())[:200] or type(error).__name__
