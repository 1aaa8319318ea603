"""The bot's own memory of messages whose end has not been shown, for when Redis has lost everything.

In memory, and with a folder also in a file, so that it outlives a restart of both. The file is a journal of lines, each
written at once: a job with its reply record, or a job alone when its message has its end.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from zosma_bot.discord.state.reply_record import Reply
from zosma_queue.unreadable import READING

log = logging.getLogger(__name__)

FILE = "open-messages.jsonl"
#: Lines beyond those of open messages after which the file is written anew.
SPARE_LINES = 1000


class OpenMessages:
    """Job id → where its message stands."""

    def __init__(self, folder: Path | None = None) -> None:
        """Reads what an earlier process left. A folder that can't be used is told once, and done without."""
        self._open: dict[str, Reply] = {}
        self._path: Path | None = None
        self._lines = 0
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / FILE
            self._read(self._path)
            self._write_anew(self._path)
        except OSError as error:
            self._give_up(error)

    def ids(self) -> list[str]:
        """The jobs whose message waits for its end, oldest first."""
        return list(self._open)

    def find(self, job_id: str) -> Reply | None:
        """Where this job's message stands; None when it is not open."""
        return self._open.get(job_id)

    def note(self, job_id: str, reply: Reply) -> None:
        """A message that waits for its end."""
        if self._open.get(job_id) != reply:
            self._open[job_id] = reply
            self._append({"job": job_id, "reply": reply.model_dump(mode="json")})

    def forget(self, job_id: str) -> None:
        """The message has its end, or can't have one any more."""
        if self._open.pop(job_id, None):
            self._append({"job": job_id})

    def _read(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                job_id, reply = str(entry["job"]), entry.get("reply")
            except READING:
                continue  # the last line of a process that was killed while it wrote
            self._open.pop(job_id, None)
            if reply and (parsed := Reply.parse(json.dumps(reply))):
                self._open[job_id] = parsed

    def _append(self, entry: dict[str, object]) -> None:
        if self._path is None:
            return
        try:
            self._lines += 1
            if self._lines > len(self._open) + SPARE_LINES:
                self._write_anew(self._path)
                return
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            self._give_up(error)

    def _write_anew(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        # It holds tokens of interactions, good for a quarter of an hour.
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for job_id, reply in self._open.items():
                file.write(json.dumps({"job": job_id, "reply": reply.model_dump(mode="json")}) + "\n")
        fresh.replace(path)
        self._lines = len(self._open)

    def _give_up(self, error: OSError) -> None:
        log.warning("ZOSMA_DATA_DIR: open messages are remembered in memory only: %s", error.strerror or error)
        self._path = None
