"""Series as plots: shapes for an SVG that is stretched to its place, and the same numbers as a table.

Nothing but shapes is in the SVG; axes are text beside it, so that they keep their size on a phone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zosma_bot.console.render import bound, duration, number, stamp
from zosma_bot.console.wording import fault
from zosma_queue.series import Span

#: Height of the SVG's own coordinates; one span is one unit wide.
HEIGHT = 100.0
_GAP = 0.12
#: Kinds of faults that get a colour of their own; the rest is one.
KINDS = 5

Value = float | None


@dataclass(frozen=True)
class Line:
    """One thing that is plotted."""

    name: str
    tone: str
    """Names the colour in the style sheet."""
    values: tuple[Value, ...]
    """One for each span; None where nobody knows."""


@dataclass(frozen=True)
class Box:
    """A bar's part."""

    x: float
    y: float
    width: float
    height: float
    tone: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One figure."""

    id: str
    title: str
    told: str
    """What it says, in one sentence: for those who don't see it, and those in a hurry."""
    lines: tuple[Line, ...]
    times: tuple[int, ...]
    """When each span began, seconds since 1970."""
    seconds: int
    top: float
    """The number at the upper edge."""
    show: Callable[[Value], str]
    stacked: bool = False
    filled: bool = False

    @property
    def ticks(self) -> list[str]:
        """Beside the plot, from above."""
        return [self.show(self.top), self.show(self.top / 2), self.show(0)]

    @property
    def boxes(self) -> list[Box]:
        """The parts of the bars."""
        boxes: list[Box] = []
        for index in range(len(self.times)):
            base = HEIGHT
            for line in self.lines:
                height = (line.values[index] or 0) / self.top * HEIGHT
                if height > 0:
                    base -= height
                    boxes.append(Box(index + _GAP / 2, _round(base), 1 - _GAP, _round(height), line.tone))
        return boxes

    def paths(self, line: Line) -> str:
        """A line's path, broken where nobody knows."""
        return " ".join("M" + " L".join(run) for run in self._runs(line))

    def areas(self, line: Line) -> str:
        """What lies below a line."""
        parts = []
        for run in self._runs(line):
            first, last = run[0].partition(" ")[0], run[-1].partition(" ")[0]
            parts.append(f"M{first} {HEIGHT:g} L" + " L".join(run) + f" L{last} {HEIGHT:g} Z")
        return " ".join(parts)

    def _runs(self, line: Line) -> list[list[str]]:
        runs: list[list[str]] = [[]]
        for index, value in enumerate(line.values):
            if value is None:
                runs.append([])
                continue
            y = f"{_round(HEIGHT - min(value / self.top, 1) * HEIGHT):g}"
            # A value stands for its whole span: a single one is seen too.
            runs[-1] += [f"{index:g} {y}", f"{index + 1:g} {y}"]
        return [run for run in runs if run]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: when, and each line's number."""
        return [
            (stamp(at), [self.show(line.values[index]) for line in self.lines]) for index, at in enumerate(self.times)
        ]

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to show."""
        values = [value for line in self.lines for value in line.values]
        return not any(values) if self.stacked else all(value is None for value in values)


def plots(spans: Sequence[Span]) -> list[Plot]:
    """What the page shows of the series."""
    return [_throughput(spans), _waits(spans), _use(spans), _line(spans), _faults(spans)]


@dataclass(frozen=True)
class Total:
    """A number over the whole time."""

    name: str
    value: str
    told: str


def totals(spans: Sequence[Span]) -> list[Total]:
    """The whole time in four numbers."""
    pictures, done = sum(span.pictures for span in spans), sum(span.done for span in spans)
    failed = sum(span.failed for span in spans)
    ended = done + failed
    busy, ready = sum(span.busy for span in spans), sum(span.ready for span in spans)
    median, late = _quantile(spans, 0.5), _quantile(spans, 0.95)
    return [
        Total("Pictures", number(pictures), f"of {_counted(done, 'job')}"),
        Total("Median wait", duration(median), f"19 of 20 within {bound(late)}"),
        Total("GPU use", _percent(min(busy / ready, 1) if ready else None), "of the GPUs that take jobs"),
        Total("Failed", number(failed), f"{_percent(failed / ended if ended else None)} of what ended"),
    ]


def _throughput(spans: Sequence[Span]) -> Plot:
    lines = (
        _of(spans, "Done", "good", lambda span: span.done),
        _of(spans, "Cancelled", "mute", lambda span: span.cancelled),
        _of(spans, "Failed", "bad", lambda span: span.failed),
    )
    pictures = sum(span.pictures for span in spans)
    failed = number(sum(span.failed for span in spans))
    told = f"{_counted(pictures, 'picture')}; of the jobs that ended, {failed} failed."
    return _plot("throughput", "Jobs that ended", told, lines, spans, number, stacked=True)


def _waits(spans: Sequence[Span]) -> Plot:
    lines = (
        _of(spans, "Half began within", "one", lambda span: span.wait_quantile_s(0.5)),
        _of(spans, "19 of 20 began within", "two", lambda span: span.wait_quantile_s(0.95)),
    )
    told = f"Half of the jobs began within {bound(_quantile(spans, 0.5))}."
    return _plot("waits", "Waits", told, lines, spans, duration, top=_nice_seconds(_most(lines)))


def _use(spans: Sequence[Span]) -> Plot:
    line = _of(spans, "Busy", "one", lambda span: span.gpu_use)
    known = [value for value in line.values if value is not None]
    told = f"The GPUs that take jobs had one {_percent(sum(known) / len(known) if known else None)} of the time."
    return _plot("use", "GPU use", told, (line,), spans, _percent, top=1.0, filled=True)


def _line(spans: Sequence[Span]) -> Plot:
    lines = (
        _of(spans, "Jobs that wait", "two", lambda span: span.average("waiting")),
        _of(spans, "GPUs that take jobs", "good", lambda span: span.average("ready")),
        _of(spans, "GPUs there", "mute", lambda span: span.average("alive")),
    )
    told = f"At most {_tenths(_most(lines[:1]))} waited, on average over one of the spans."
    return _plot("line", "Queue and fleet", told, lines, spans, _tenths)


def _faults(spans: Sequence[Span]) -> Plot:
    counts: Counter[str] = Counter()
    for span in spans:
        counts.update(span.faults)
    named = [kind for kind, _ in counts.most_common(KINDS)]
    lines = [
        _of(spans, _short_fault(kind), f"fault{index}", lambda span, kind=kind: span.faults.get(kind, 0))  # type: ignore[misc]
        for index, kind in enumerate(named, start=1)
    ]
    if len(counts) > KINDS:
        rest = _of(spans, "Others", "mute", lambda span: sum(n for kind, n in span.faults.items() if kind not in named))
        lines.append(rest)
    worst = f", most often: {fault(named[0])}" if named else ""
    told = f"{_counted(counts.total(), 'try', 'tries')} went wrong{worst}."
    return _plot("faults", "Faults", told, tuple(lines), spans, number, stacked=True)


def _plot(
    id_: str, title: str, told: str, lines: tuple[Line, ...], spans: Sequence[Span], show: Callable[[Value], str],
    *, stacked: bool = False, filled: bool = False, top: float | None = None,
) -> Plot:  # fmt: skip
    if top is None:
        top = _nice(_most_stacked(lines) if stacked else _most(lines))
    return Plot(
        id=id_, title=title, told=told, lines=lines, times=tuple(span.start_s for span in spans),
        seconds=spans[0].seconds, top=top, show=show, stacked=stacked, filled=filled,
    )  # fmt: skip


def _of(spans: Sequence[Span], name: str, tone: str, read: Callable[[Span], Value]) -> Line:
    return Line(name, tone, tuple(read(span) for span in spans))


def _most(lines: Sequence[Line]) -> float:
    return max((value for line in lines for value in line.values if value is not None), default=0)


def _most_stacked(lines: Sequence[Line]) -> float:
    return max(
        (sum(value or 0 for value in column) for column in zip(*(one.values for one in lines), strict=True)), default=0
    )


def _nice(most: float) -> float:
    """A round number, not below it; halves are whole."""
    if most <= 2:
        return 2
    power: float = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= most)


def _nice_seconds(most: float) -> float:
    steps = (10, 20, 60, 120, 300, 600, 1200, 3600, 7200, 14400, 43200, 86400)
    return next((step for step in steps if step >= most), 172_800)


def _quantile(spans: Sequence[Span], share: float) -> float | None:
    bins: Counter[int] = Counter()
    for span in spans:
        bins.update(span.wait_bins)
    return Span(start_s=0, seconds=0, wait_bins=bins).wait_quantile_s(share)


def _counted(count: int, one: str, more: str = "") -> str:
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def _percent(value: Value) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _tenths(value: Value) -> str:
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")


def _short_fault(kind: str) -> str:
    return kind.replace("-", " ").capitalize()


def _round(value: float) -> float:
    return round(value, 2)
