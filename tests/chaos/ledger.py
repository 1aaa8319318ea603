"""What was ordered, what came of it, and what nobody may find at the end: the ledger of a killing spree."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from dataclasses import dataclass, field

import redis
from PIL import Image

from loopback.discord.handle import InteractionHandle
from loopback.discord.shown import Shown

PICTURE = re.compile(r"zosma-([\w-]+)-\d+\.png")
#: Keys without a time to live whose size something else bounds: the fleet, a trimmed stream, pictures that are stored
#: for some minutes more, bot processes that are there, or the next order, which finds nothing open and begins the fair
#: order anew.
BOUNDED = re.compile(
    r"(bot:)?\{zosma\}:(workers|idle|speed|loads|accuracy|audit|stats|seq|swept|protocol|secret|policies|rules|tags.*"
    r"|record:.*|picture-bytes|picture-ends|shown|object-bytes|object-ends|object-shown|results|bots|hearing|poster|fleet|fleet-seen|summons|versions|rules-version"
    r"|index:(fleet|held|profiles|ready:.*|idle:.*|format|bucket-seq|stranded|sweeper))"
)


@dataclass
class Order:
    """One order of a member or a program."""

    prompt: str
    at: float
    handle: InteractionHandle | None = None
    job_id: str | None = None
    refused: str | None = None
    """Why it was not taken: the order ended where it began, before anybody's eyes."""
    ended: str | None = None
    """How an accepted one ended: `picture`, or the words that said why not."""
    posts: int = 0
    """How often its picture was shown."""


@dataclass
class Ledger:
    """All orders of a run."""

    orders: list[Order] = field(default_factory=list)
    blows: list[tuple[str, float, int]] = field(default_factory=list)
    """(fault, when it struck, orders that were open then)."""
    recovery: dict[str, float] = field(default_factory=dict)
    """fault → the longest time in seconds until a member's picture was shown again."""
    foreign: list[str] = field(default_factory=list)
    """Pictures under another order's words."""
    left: list[str] = field(default_factory=list)
    """What was found in Redis at the end and should not be there."""

    objects: int | None = None
    """How many pictures lay in the bucket at the end, where there was one."""

    @property
    def accepted(self) -> list[Order]:
        """Orders that somebody was told were taken."""
        return [order for order in self.orders if order.refused is None]

    @property
    def lost(self) -> list[Order]:
        """Accepted orders without any visible end."""
        return [order for order in self.accepted if order.ended is None]

    @property
    def doubled(self) -> list[Order]:
        """Orders whose picture was shown more than once."""
        return [order for order in self.orders if order.posts > 1]

    def note(self, fault: str, at: float, in_flight: int) -> None:
        """A fault strikes."""
        self.blows.append((fault, at, in_flight))

    def read(self, messages: list[Shown]) -> None:
        """Finds each order's end among all that the channel shows, and in the members' own answers."""
        self._read_channel(messages)
        self._read_answers()

    def _read_channel(self, messages: list[Shown]) -> None:
        by_prompt = {order.prompt: order for order in self.orders}
        found: Counter[str] = Counter()
        self.foreign = [prompt for prompt in self.foreign if prompt in by_prompt and by_prompt[prompt].handle is None]
        for message in messages:
            for file in message.files if not message.deleted else ():
                if PICTURE.fullmatch(file.filename):
                    told = picture_says(file.data)
                    if told not in by_prompt or told not in message.text:
                        self.foreign.append(told)
                    found[told] += 1
        for prompt, count in found.items():
            if prompt in by_prompt:
                by_prompt[prompt].posts, by_prompt[prompt].ended = count, "picture"

    def _read_answers(self) -> None:
        for order in self.orders:
            if order.handle is None or order.ended is not None:
                continue
            if order.handle.interaction.ack is None:
                order.refused = "the application did not respond"
                continue
            end = _end_of(order.handle)
            if end is not None:
                order.ended = end

    def measure_recovery(self, messages: list[Shown]) -> None:
        """How long after each blow the next picture of any member was shown."""
        shown = sorted(one.at for one in messages if any(PICTURE.fullmatch(file.filename) for file in one.files))
        for fault, at, _ in self.blows:
            later = next((when - at for when in shown if when > at), None)
            if later is not None:
                self.recovery[fault] = max(later, self.recovery.get(fault, 0.0))

    def complaints(self) -> list[str]:
        """What must not be, a line each."""
        return [
            *(f"lost: {order.prompt} ({order.handle or order.job_id})" for order in self.lost),
            *(f"shown {order.posts} times: {order.prompt}" for order in self.doubled),
            *(f"under another's words: {prompt!r}" for prompt in self.foreign),
            *(f"left behind: {words}" for words in self.left),
        ]

    def named_errors(self) -> list[str]:
        """The ends that are no picture, a line each."""
        ended = (f"{order.prompt}: {order.ended}" for order in self.accepted if order.ended not in (None, "picture"))
        return [" ".join(words.split()) for words in ended]

    def table(self) -> str:
        """The run as Markdown."""
        pictures = sum(order.ended == "picture" for order in self.accepted)
        rows = ["| fault | times | jobs in flight | longest until the next picture |", "| --- | --- | --- | --- |"]
        for fault in dict.fromkeys(name for name, _, _ in self.blows):
            flights = [flight for name, _, flight in self.blows if name == fault]
            recovery = f"{self.recovery[fault]:.1f} s" if fault in self.recovery else "-"
            rows.append(f"| {fault} | {len(flights)} | {sum(flights)} | {recovery} |")
        return "\n".join([
            *rows, "",
            f"{len(self.orders)} orders, {len(self.accepted)} accepted: {pictures} pictures, "
            f"{len(self.named_errors())} named errors, {len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{len(self.foreign)} under another's words, {len(self.left)} left behind.",
            *([f"{self.objects} pictures in the bucket."] if self.objects is not None else []),
        ])  # fmt: skip


def picture_says(data: bytes | str) -> str:
    """The prompt in a picture's parameters; from bytes, or base64."""
    with Image.open(io.BytesIO(base64.b64decode(data) if isinstance(data, str) else data)) as picture:
        return str(picture.info.get("parameters", "")).partition("\n")[0]


def _end_of(handle: InteractionHandle) -> str | None:
    """The words of a message that has come to its end; None while it still promises something."""
    told = [shown for shown in handle.followups if not shown.deleted]
    if told:
        return told[-1].text
    shown = handle.message
    if shown is None or shown.thinking or "Cancel" in shown.labels:
        return None
    return shown.text or None


def left_in_bucket(url: str, objects: list[str]) -> list[str]:
    """Objects that the bot won't delete when their job's time is over: it finds them a day later only."""
    with redis.Redis.from_url(url, decode_responses=True) as raw:
        found = []
        for path in objects:
            job_id, attempt, _ = path.split("/")[-3:]
            noted = raw.hget("{zosma}:object-bytes", job_id)
            if noted is None or int(attempt) > int(noted.split(" ")[1]):
                found.append(f"in the bucket: {path}, noted is {noted}")
        return found


def left_behind(url: str) -> list[str]:
    """What nothing may leave in Redis once all is quiet: open work, and keys that nothing bounds."""
    with redis.Redis.from_url(url, decode_responses=True) as raw:
        found = []
        for name in ("waiting", "delayed", "leases", "undelivered", "classes", "open", "running", "depth"):
            kind = raw.type(f"{{zosma}}:{name}")
            if kind != "none":
                count = raw.zcard(f"{{zosma}}:{name}") if kind == "zset" else raw.hlen(f"{{zosma}}:{name}")
                found.append(f"{name}: {count}")
        endless = [key for key in raw.scan_iter(count=1000) if raw.ttl(key) == -1 and not BOUNDED.fullmatch(key)]
        return found + [f"no time to live: {key}" for key in sorted(endless)]
