"""Reads a backup out of a JSON document, and says all that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from zosma_queue.api_keys import NAMES_MAX
from zosma_queue.audit import BrokenChainError, Chain, verify
from zosma_queue.backup import FORMAT, SECTIONS, VERSION, Check, Contents, Kind
from zosma_queue.backup_parts import api_key_of, failed_job_of, policy_of, said, whole_of
from zosma_queue.documents import encoded
from zosma_queue.errors import RequestRefusedError, ZosmaError
from zosma_queue.moderation import parse_rules
from zosma_queue.unreadable import READING

#: Of a document that is wrong in many places.
PROBLEMS_MAX = 20


class BackupError(ZosmaError):
    """Raised for a document that can't be imported. `problems` has a sentence for each thing that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def parse(text: str | bytes, kinds: Mapping[str, Kind], *, with_audit: bool = True) -> Contents:
    """What a document holds.

    Raises:
      BackupError: when it is none, or something in it is wrong; names each field and the fix.
    """
    return _Parser(kinds).contents(_object_of(text), with_audit=with_audit)


def _object_of(text: str | bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(name for number, (name, _) in enumerate(pairs) if name in dict(pairs[:number]))
            raise BackupError([f"the name {twice[:60]!r} stands twice in one object: take one of them out"])
        return found

    def no_number(word: str) -> Any:
        raise BackupError([f"{word} is no number: write one"])

    try:
        document = json.loads(text, object_pairs_hook=unique, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise BackupError(
            [
                f"it is no whole JSON (line {error.lineno}, column {error.colno}): it may have been cut off,"
                " take another copy"
            ]
        ) from None
    except UnicodeDecodeError:
        raise BackupError(["it is no UTF-8 text: take the file that `zosma export` has written"]) from None
    except RecursionError:
        raise BackupError(["it is nested too deeply to be an export: take another copy"]) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BackupError(["it is no export of Zosma's: take a file that `zosma export` has written"])
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BackupError([f"version is {str(version)[:60]!r}: it must be a whole number from 1 on"])
    if version > VERSION:
        raise BackupError(
            [f"it has the format {version}, and this Zosma reads formats up to {VERSION}: import it with a newer Zosma"]
        )
    return document


class _Parser:
    """Checks all of a document, so that its owner hears at once of all that is wrong."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._problems: list[str] = []

    def contents(self, document: dict[str, Any], *, with_audit: bool) -> Contents:
        for name in document.keys() - {"format", "version", *SECTIONS}:
            self._problems.append(f"{name[:60]} is no part of an export: take it out")
        api_keys = self._each("api_keys", document.get("api_keys", {}), api_key_of)
        if len(api_keys) > NAMES_MAX:
            self._problems.append(f"api_keys has {len(api_keys):,} names: at most {NAMES_MAX:,} are possible")
        contents = Contents(
            limits=self._each("limits", document.get("limits", {}), policy_of),
            rules=self._each("rules", document.get("rules", {}), lambda _, one: parse_rules(one)),
            api_keys=api_keys,
            api_key_uses=self._each(
                "api_key_uses", document.get("api_key_uses", {}), lambda _, one: whole_of(one), any_type=True
            ),
            documents=self._documents(document.get("documents", {})),
            failed_jobs=(
                self._each("failed_jobs", document["failed_jobs"], failed_job_of) if "failed_jobs" in document else None
            ),
            audit=self._audit(document["audit"]) if with_audit and "audit" in document else None,
        )
        if self._problems:
            more = len(self._problems) - PROBLEMS_MAX
            raise BackupError(self._problems[:PROBLEMS_MAX] + ([f"and {more} things more"] if more > 0 else []))
        return contents

    def _each(
        self, where: str, found: Any, parse_one: Callable[[str, Any], Any], *, any_type: bool = False
    ) -> dict[str, Any]:
        if not isinstance(found, dict):
            self._problems.append(f"{where} must be an object, from names to what is kept under them")
            return {}
        known: dict[str, Any] = {}
        for name, one in found.items():
            place = f"{where}.{name[:80] or '(everybody)'}"
            try:
                name.encode()
                if not any_type and not isinstance(one, dict):
                    raise TypeError("must be an object")
                json.dumps(one, ensure_ascii=False).encode()
                known[name] = parse_one(name, one)
            except (RequestRefusedError, ValidationError, *READING) as error:
                self._problems.append(f"{place}: {said(error)}")
        return known

    def _documents(self, found: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(found, dict):
            self._problems.append("documents must be an object, from kinds to documents")
            return {}
        known = {}
        for kind, its in found.items():
            if kind not in self._kinds:
                self._problems.append(f"documents.{kind[:60]} is no kind of document: {', '.join(self._kinds)} are")
                continue

            def checked(
                document_id: str, one: dict[str, Any], check: Check = self._kinds[kind].check
            ) -> dict[str, Any]:
                check(document_id, one)
                encoded(one)
                return one

            known[kind] = self._each(f"documents.{kind}", its, checked)
        return known

    def _audit(self, found: Any) -> Chain | None:
        try:
            entries, head = found["entries"], found["head"]
            texts = [text for one in (*entries, head) for pair in one.items() for text in pair]
            if not all(isinstance(text, str) for text in texts):
                raise TypeError("its values must be texts")
            chain = Chain(entries=tuple(entries), head=head)
            verify(chain)
        except (BrokenChainError, *READING) as error:
            self._problems.append(f"audit: {said(error)}: --no-audit imports the rest")
            return None
        return chain
