"""Parts of the fleet that can be paused, under names that an admin can read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zosma_bot.discord.ui.language import Translations
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.fleet import WorkerInfo
from zosma_queue.needs import Lane

QUEUE = "queue"
WORKER, CHECKPOINT, LANE = "worker", "checkpoint", "lane"
KINDS = (QUEUE, LANE, CHECKPOINT, WORKER)
#: As many are named in a refusal.
NAMED = 12


def scope_name(w: Translations, scope: str) -> str:
    """A scope in words: "worker gpu"."""
    kind, _, name = scope.partition(":")
    if kind == LANE and f"lane-{name}" in w:
        name = w(f"lane-{name}")
    return w(f"scope-{kind}", name=name) if kind in KINDS else scope


def scopes_of(workers: Iterable[WorkerInfo], kinds: Sequence[str] = KINDS) -> list[str]:
    """What there is to pause, in the order of `kinds`. A worker goes by its place, which outlives its process."""
    workers = list(workers)
    found = {
        QUEUE: [QUEUE],
        LANE: [f"{LANE}:{lane}" for lane in Lane],
        CHECKPOINT: sorted({f"{CHECKPOINT}:{one.name}" for worker in workers if worker.about
                            for one in worker.about.checkpoints}),
        WORKER: sorted({f"{WORKER}:{worker.place}" for worker in workers}),
    }  # fmt: skip
    return [scope for kind in kinds for scope in found[kind]]


def find_scope(w: Translations, typed: str, known: Sequence[str], workers: Iterable[WorkerInfo] = ()) -> str:
    """The scope that an admin means by its own name, by the name it is shown under, or by its last part alone.

    Raises:
      RequestRefusedError: when it is none of the known ones; says which there are.
    """
    wanted = typed.strip().casefold()
    names = {worker.id.casefold(): f"{WORKER}:{worker.place}" for worker in workers}
    names |= {f"{WORKER}:{key}": scope for key, scope in names.items()}
    names |= {scope.partition(":")[2].casefold(): scope for scope in reversed(known)}
    names |= {scope_name(w, scope).casefold(): scope for scope in reversed(known)}
    names |= {scope.casefold(): scope for scope in known}
    found = names.get(wanted)
    if found in known:
        return str(found)
    if not known:
        raise refused("admin-no-scopes")
    there = ", ".join(known[:NAMED]) + (", …" if len(known) > NAMED else "")
    raise refused("admin-no-scope", given=typed[:60], there=there)
