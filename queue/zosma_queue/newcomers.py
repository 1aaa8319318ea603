"""Where a job will stand that came after the newest forecast, without playing the rules anew.

It takes the place of the first start in the forecast that the fair order lets it go before; else it comes last. What
its coming changes for others is for the next forecast, a moment later.
"""

from __future__ import annotations

from collections import defaultdict

from zosma_queue.forecast import Machine, Place, Played, Start, WaitingJob, may_serve, speed_of, tie_of
from zosma_queue.keys import whole
from zosma_queue.needs import Lane


def place_beside(played: Played, job: WaitingJob) -> Place | None:
    """Its place among those that were forecast; None when no machine can do it, or a pause holds it back."""
    able = {one.id: one for one in played.snapshot.machines if may_serve(played.snapshot, one, job)}
    if not able:
        return None
    taken = _first_behind(played, job, frozenset(able))
    if taken:
        place = played.places[whole(taken.job.id)]
        return _placed(played, job, able[taken.machine], place.position, taken.at_s)
    free_at = defaultdict(float, {one.id: one.busy_s for one in able.values()})
    for start in played.starts:
        free_at[start.machine] = start.at_s + start.seconds
    first = min(able, key=lambda one: free_at[one])
    return _placed(played, job, able[first], len(played.places) + 1, free_at[first])


def _first_behind(played: Played, job: WaitingJob, able: frozenset[str]) -> Start | None:
    """The first start that the job comes before, of those on machines that can do it."""
    snapshot = played.snapshot
    groups, owners = ({getattr(one.job, name) for one in played.starts} for name in ("group", "owner"))
    group_tag, owner_tag = snapshot.group_tags.get(job.group, 0.0), snapshot.owner_tags.get(job.owner, 0.0)
    if job.group not in groups:  # who had nothing waiting starts at the clock
        group_tag = max(group_tag, snapshot.clock + tie_of(job))
    if job.owner not in owners:
        owner_tag = max(owner_tag, snapshot.group_clocks.get(job.group, 0.0) + tie_of(job))
    for start in played.starts:
        other = start.job
        if other.lane is job.lane:
            # Of equal ones their names decide, as in Redis.
            if other.group == job.group:
                is_before = (owner_tag, job.owner) < (start.owner_tag, other.owner)
            else:
                is_before = (group_tag, job.group) < (start.group_tag, other.group)
        else:
            is_before = job.lane is Lane.FAST
        # What an owner has waiting goes before what they add.
        if is_before and other.owner != job.owner and start.machine in able:
            return start
        weights = snapshot.weights
        if other.group == job.group:
            group_tag = start.group_tag + start.seconds / weights.get(f"group {job.group}", 1.0)
        if other.owner == job.owner:
            owner_tag = start.owner_tag + start.seconds / weights.get(job.owner, 1.0)
    return None


def _placed(played: Played, job: WaitingJob, machine: Machine, position: int, at_s: float) -> Place:
    snapshot = played.snapshot
    seconds = job.cost * speed_of(snapshot, machine.place, job.checkpoint or machine.loaded or "")
    return Place(
        position=position, starts_in_s=at_s * snapshot.bias, ends_in_s=(at_s + seconds) * snapshot.bias,
        raw_ends_in_s=at_s + seconds,
    )  # fmt: skip
