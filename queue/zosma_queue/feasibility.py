"""Which workers can do a request, and what comes nearest when none can."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from zosma_queue.errors import InfeasibleError, NoWorkerError, RequestRefusedError
from zosma_queue.fleet import Capabilities, WorkerInfo, WorkerState
from zosma_queue.needs import Needs, embedding_token, needs_of
from zosma_queue.request import Request

#: How many names a refusal lists.
NAMES_MAX = 5


def can_do(worker: WorkerInfo, request: Request) -> bool:
    """Whether a worker would be given this job: `serves` of the scripts, in Python's words."""
    return serves(worker, needs_of(request))


def serves(worker: WorkerInfo, needs: Needs) -> bool:
    """Whether a worker would be given a job with these needs."""
    if worker.state is WorkerState.AWAY or worker.about is None:
        return False
    return needs.pixels <= worker.pixels and set(needs.tokens) <= set(worker.about.tokens())


def with_embeddings(needs: Needs, names: Collection[str], workers: Sequence[WorkerInfo]) -> Needs:
    """The needs, and of these embeddings as many as a worker has that can do the rest and takes jobs, where another has
    them not.

    Not more: they are words that may mean nothing to the checkpoint, and no request is refused for them.
    """
    if not names:  # as for nearly all: a submit must not look through a thousand workers
        return needs
    able = [one for one in workers if _may_serve(one, needs)]
    # What a worker can do is a long list: each is asked for the rest once, and only where that may matter.
    does_rest = functools.cache(lambda number: serves(able[number], needs))
    wanted: set[str] = set()
    for name in names:
        listed = [(number, one.about.embedding_widths) for number, one in enumerate(able) if one.about]
        among = [(number, widths) for number, widths in listed if wanted <= widths.keys()]
        having = (number for number, widths in among if name in widths)
        lacking = (number for number, widths in among if name not in widths)
        if any(map(does_rest, having)) and any(map(does_rest, lacking)):
            wanted.add(name)
    tokens = {*needs.tokens, *map(embedding_token, wanted)}
    return replace(needs, tokens=tuple(sorted(tokens))) if wanted else needs


def _may_serve(worker: WorkerInfo, needs: Needs) -> bool:
    """False for who gets no jobs, or hasn't got the checkpoint."""
    if worker.about is None or worker.is_held:
        return False
    return needs.checkpoint is None or any(one.name == needs.checkpoint for one in worker.about.checkpoints)


def nobody(*, is_new: bool = False) -> NoWorkerError:
    """The refusal where no worker is ready. `is_new`: none has ever been."""
    if is_new:
        return NoWorkerError(
            "no GPU has ever been here: start one with `zosma worker` on a machine with a WebUI", code="no-worker-yet"
        )
    return NoWorkerError("no GPU is online right now: try again in a few minutes")


def why_infeasible(request: Request, workers: Iterable[WorkerInfo]) -> RequestRefusedError:
    """Why no ready worker can do the request, in one sentence, and the smallest change with which one could."""
    ready = [worker for worker in workers if worker.state is not WorkerState.AWAY and worker.about]
    needs = needs_of(request)
    abouts = [worker.about for worker in ready if worker.about]
    fitting = [worker.pixels for worker in ready if worker.about and set(needs.tokens) <= set(worker.about.tokens())]
    if fitting:
        most = max(fitting)
        side = int(most**0.5) // 8 * 8
        whose = f" with {request.checkpoint}" if request.checkpoint else ""
        return InfeasibleError(
            f"no GPU here{whose} makes pictures this large: the most is {side}x{side}, use a smaller size",
            code="infeasible-size",
            values={"checkpoint": request.checkpoint or "", "side": side},
        )
    if not abouts:
        return nobody()

    def lacking_in(about: Capabilities) -> list[str]:
        return sorted(set(needs.tokens) - set(about.tokens()))

    # Go by the worker that lacks least, rather one that has the checkpoint: that is the last thing to give up.
    nearest = min(
        abouts, key=lambda about: (f"checkpoint:{request.checkpoint}" in lacking_in(about), len(lacking_in(about)))
    )
    lacking = lacking_in(nearest)
    kind, _, name = lacking[0].partition(":")
    # A field is no name that another one could stand for.
    have = [token.partition(":")[2] for token in nearest.tokens() if kind != "field" and token.startswith(f"{kind}:")]
    wanted = f"{kind} {name!r}" if name else kind
    rest = f" together with {request.checkpoint}" if request.checkpoint and kind != "checkpoint" else ""
    return InfeasibleError(
        f"no GPU here offers {wanted}{rest}: {_advice(kind, have)}",
        code="infeasible-lacking",
        values={
            "kind": kind,
            "name": name,
            "checkpoint": request.checkpoint or "",
            "instead": ", ".join(have[:NAMES_MAX]),
        },
    )


def _advice(kind: str, have: Sequence[str]) -> str:
    if not have:
        return "leave it out"
    return f"use {', '.join(have[:NAMES_MAX])}" + (" or another" if len(have) > NAMES_MAX else "")
