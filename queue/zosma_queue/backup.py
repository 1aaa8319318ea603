"""All that people have set up, as it goes into a backup and comes out of one.

Not in it: what the queue does now (open jobs, pictures, pauses, counters), what workers say of themselves, and secrets.
Of API keys there are the hashes; of where failed jobs' answers go everything but the token.

`backup_redis` reads it out of Redis and writes it into another, `backup_file` reads it out of a JSON document, and
`backup_parts` says what each part must look like. What can't be read in Redis is left out and named; what can't be read
in a document has it refused as a whole, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_queue.api_keys import ApiKey
from zosma_queue.audit import Chain
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy

FORMAT = "zosma-export"
#: Counted up when an older Zosma could not read what a newer one writes.
VERSION = 1
SECTIONS = ("limits", "rules", "api_keys", "api_key_uses", "documents", "failed_jobs", "audit")

Check = Callable[[str, dict[str, Any]], object]
"""Takes a document's id and content; raises RequestRefusedError, ValidationError or one of `READING` for none."""


@dataclass(frozen=True)
class Kind:
    """A kind of document."""

    check: Check
    ttl_s: int | None = None
    """It goes so long after it was written."""


@dataclass(frozen=True)
class FailedJob:
    """A job that failed for good, as it is stored."""

    fields: Mapping[str, str]
    reply: Mapping[str, Any] | None
    """Where its answer goes, without the token."""
    undelivered: bool
    """Its end has not been shown yet."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a document holds."""

    limits: Mapping[str, Policy] = field(default_factory=dict)
    rules: Mapping[str, ContentRules] = field(default_factory=dict)
    """By group; "" for everybody."""
    api_keys: Mapping[str, ApiKey] = field(default_factory=dict)
    api_key_uses: Mapping[str, int] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, dict[str, Any]]] = field(default_factory=dict)
    """Kind → id → content."""
    failed_jobs: Mapping[str, FailedJob] | None = None
    """None: they are no part of it."""
    audit: Chain | None = None

    def to_document(self) -> dict[str, Any]:
        """It as JSON; equal contents give equal documents."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "limits": {name: one.model_dump(mode="json") for name, one in sorted(self.limits.items())},
            "rules": {name: one.model_dump(mode="json") for name, one in sorted(self.rules.items())},
            "api_keys": {
                name: one.model_dump(mode="json") | {"scopes": sorted(one.scopes)}
                for name, one in sorted(self.api_keys.items())
            },
            "api_key_uses": dict(sorted(self.api_key_uses.items())),
            "documents": {kind: dict(sorted(found.items())) for kind, found in sorted(self.documents.items())},
        }
        if self.failed_jobs is not None:
            document["failed_jobs"] = {
                job_id: {"fields": dict(sorted(job.fields.items())), "reply": job.reply, "undelivered": job.undelivered}
                for job_id, job in sorted(self.failed_jobs.items())
            }
        if self.audit is not None:
            document["audit"] = {"entries": [dict(one) for one in self.audit.entries], "head": dict(self.audit.head)}
        return document


# -- into Redis -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What an import does with one thing."""

    section: str
    name: str
    how: str
    """`new`, `changed` or `dropped`."""


def merged(now: Contents, wanted: Contents, *, replace: bool) -> Contents:
    """What is to be there after an import. A key that is revoked now stays so, and a trail that is there stays."""
    api_keys = dict(wanted.api_keys)
    for name, known in now.api_keys.items():
        if known.revoked_ms is not None and name in api_keys:
            api_keys[name] = known
    uses = {name: at for name, at in wanted.api_key_uses.items() if name in api_keys}
    if replace:
        kinds = {kind: wanted.documents.get(kind, {}) for kind in {*now.documents, *wanted.documents}}
        limits, rules = wanted.limits, wanted.rules
    else:
        limits, rules = {**now.limits, **wanted.limits}, {**now.rules, **wanted.rules}
        api_keys = {**now.api_keys, **api_keys}
        uses = {name: max(now.api_key_uses.get(name, 0), at) for name, at in {**now.api_key_uses, **uses}.items()}
        kinds = {
            kind: {**now.documents.get(kind, {}), **wanted.documents.get(kind, {})}
            for kind in {*now.documents, *wanted.documents}
        }
    has_trail = bool(now.audit and (now.audit.entries or now.audit.head))
    return Contents(
        limits=limits, rules=rules, api_keys=api_keys, api_key_uses=uses, documents=kinds,
        # A failed job that is there may have a new life by now.
        failed_jobs={**(wanted.failed_jobs or {}), **(now.failed_jobs or {})},
        audit=now.audit if has_trail else wanted.audit,
    )  # fmt: skip


def changes(now: Contents, then: Contents) -> list[Change]:
    """What differs, by section and name."""
    found = []
    sections: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("limits", now.limits, then.limits),
        ("rules", now.rules, then.rules),
        ("API keys", now.api_keys, then.api_keys),
        *(
            (f"documents {kind}", now.documents.get(kind, {}), then.documents.get(kind, {}))
            for kind in sorted({*now.documents, *then.documents})
        ),
        ("failed jobs", now.failed_jobs or {}, then.failed_jobs or {}),
    ]
    for section, old, new in sections:
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                how = "new" if name not in old else "changed" if name in new else "dropped"
                found.append(Change(section, name, how))
    if then.audit and now.audit != then.audit:
        found.append(Change("audit trail", f"{len(then.audit.entries)} entries", "new"))
    return found
