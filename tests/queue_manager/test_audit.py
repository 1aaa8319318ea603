"""The audit trail: whatever somebody does to it by hand breaks its chain, and what goes by itself doesn't."""

from __future__ import annotations

import asyncio

import pytest

from zosma_queue import calls, keys
from zosma_queue.audit import BrokenChainError, read_chain, verify
from zosma_queue.scripts import acall, call


@pytest.fixture(name="acts")
async def _acts(queue, rig):
    """Eight acts of every way in which one is written."""
    admin = queue.admin
    job = rig.submit()
    await admin.pause("ann", "queue", "heat: 40 °C\nor more")
    await admin.resume("ann", "queue")
    await admin.bump("bob", job)
    await admin.set_policy("ann", "default", {"waiting": 3})
    await admin.set_rules("ann", "", {"blocked": ["gore"]})
    await admin.note("ann", "rules", "guild 1", part="channels", value="+1")
    await admin.try_now("ann", "gpu/w")
    await admin.cancel("bob", job)
    return await admin.audit()


async def checked(queue, noted=""):
    return verify(await queue.admin.audit_chain(), noted)


async def test_every_act_is_part_of_one_chain(queue, acts, raw):
    found = await checked(queue)

    assert (found.entries, found.older, found.first, found.last) == (len(acts), 0, 1, 8)
    assert found.head == f"8:{raw.hget(keys.AUDIT_HEAD, 'hash').decode()}"
    assert [act.act for act in acts] == ["cancel", "try", "rules", "rules", "limits", "bump", "resume", "pause"]
    assert (acts[2].part, acts[2].value) == ("channels", "+1")


def rewrite(raw, number, drop=False, **changes):
    """Replaces an entry and all after it, as who may write everything would: a stream has no way to change one."""
    rows = raw.xrange(keys.AUDIT)
    raw.delete(keys.AUDIT)
    for at, (entry, fields) in enumerate(rows, start=1):
        if at == number:
            fields = fields | {name.encode(): value.encode() for name, value in changes.items()}
        if not (drop and at == number):
            raw.xadd(keys.AUDIT, fields, id=entry)


@pytest.mark.parametrize("number", [1, 4, 8])
@pytest.mark.parametrize(
    "changes",
    [{"who": "mallory"}, {"act": "resume"}, {"target": "lane:fast"}, {"at": "1"}, {"part": "x", "value": "y"},
     {"n": "99"}, {"prev": "0" * 40}, {"hash": "0" * 40}, {"why": "more than there was"}, {"n": "x"}],
    ids=str,
)  # fmt: skip
async def test_a_changed_entry_is_named(queue, acts, raw, number, changes):
    rewrite(raw, number, **changes)

    with pytest.raises(BrokenChainError, match="was changed"):
        await checked(queue)


@pytest.mark.parametrize("number", [1, 4, 8])
async def test_an_entry_that_was_taken_away_is_missed(queue, acts, raw, number):
    raw.xdel(keys.AUDIT, raw.xrange(keys.AUDIT)[number - 1][0])

    with pytest.raises(BrokenChainError, match=r"missing|ends with"):
        await checked(queue)


async def test_words_moved_from_one_field_to_the_next_are_a_change(queue, raw):
    await queue.admin.note("an", "nact", "x")
    rewrite(raw, 1, who="ann", act="act")

    with pytest.raises(BrokenChainError, match="number 1 was changed"):
        await checked(queue)


async def test_an_entry_put_in_by_hand_is_found_wherever_it_stands(queue, acts, raw):
    raw.xadd(keys.AUDIT, {"who": "mallory", "act": "resume", "target": "queue", "at": "1"})

    with pytest.raises(BrokenChainError, match="after number 8 is of no chain"):
        await checked(queue)


async def test_a_trail_without_its_head_or_a_head_without_its_trail_is_broken(queue, acts, raw):
    kept = raw.dump(keys.AUDIT_HEAD)
    raw.delete(keys.AUDIT_HEAD)
    with pytest.raises(BrokenChainError, match="ends with number 8, but its head says 0"):
        await checked(queue)

    raw.restore(keys.AUDIT_HEAD, 0, kept)
    raw.delete(keys.AUDIT)
    with pytest.raises(BrokenChainError, match="ends with number 0, but its head says 8"):
        await checked(queue)


async def test_a_whole_new_chain_is_told_by_the_head_that_was_noted(queue, acts, raw):
    noted = (await checked(queue)).head
    await queue.admin.note("ann", "rules", "guild 2")
    assert (await checked(queue, noted)).compared

    raw.delete(keys.AUDIT, keys.AUDIT_HEAD)
    for number in range(9):
        await queue.admin.note("mallory", "pause", f"lane {number}")
    assert not (await checked(queue)).compared
    with pytest.raises(BrokenChainError, match="made anew"):
        await checked(queue, noted)
    raw.delete(keys.AUDIT, keys.AUDIT_HEAD)
    with pytest.raises(BrokenChainError, match="number 8 was noted before"):
        await checked(queue, noted)


@pytest.mark.parametrize("noted", ["8", "x:1", ":", "8:", "-1:0", "²:0"])
async def test_what_is_no_head_is_said_to_be_none(queue, acts, noted):
    with pytest.raises(BrokenChainError, match="is no head"):
        await checked(queue, noted)


async def test_entries_that_went_by_themselves_break_nothing_and_more_would(queue, raw, monkeypatch):
    for number in range(30):
        await queue.admin.note("ann", "pause", f"lane {number}")
    noted = (await checked(queue)).head
    monkeypatch.setattr("zosma_queue.audit.AUDIT_MAX", 10)
    raw.xtrim(keys.AUDIT, maxlen=10, approximate=False)
    found = await checked(queue, noted)
    assert (found.entries, found.first, found.last, found.compared) == (10, 21, 30, True)
    before_the_first = raw.xrange(keys.AUDIT)[0][1][b"prev"].decode()
    assert (await checked(queue, f"20:{before_the_first}")).compared
    assert not (await checked(queue, "3:" + "0" * 40)).compared

    raw.xtrim(keys.AUDIT, maxlen=9, approximate=False)
    with pytest.raises(BrokenChainError, match="before number 22 are missing"):
        await checked(queue)


async def test_entries_from_before_the_chain_stay_and_are_told_apart(queue, raw):
    raw.xadd(keys.AUDIT, {"who": "ann", "act": "pause", "target": "queue", "at": "1"})
    assert (await checked(queue)).older == 1
    await queue.admin.note("ann", "resume", "queue")

    found = await checked(queue)
    assert (found.older, found.entries) == (1, 1)
    assert [act.act for act in await queue.admin.audit()] == ["resume", "pause"]


async def test_any_bytes_in_names_are_chained(queue, raw):
    await acall(queue._redis, calls.note(b"\xff\xfe\x00", "act", "ü" * 1000, part="p", value=""))  # type: ignore[arg-type]

    assert (await checked(queue)).entries == 1


@pytest.mark.parametrize("page", [1, 3, 4, 8, 9])
async def test_it_is_read_whole_in_pages_of_any_size(queue, acts, monkeypatch, page):
    monkeypatch.setattr("zosma_queue.audit.PAGE", page)

    assert (await checked(queue)).entries == 8


async def test_acts_at_the_same_time_are_one_chain(queue, redis_url):
    await asyncio.gather(*(queue.admin.note("ann", "pause", f"lane {number}") for number in range(60)))

    assert (await checked(queue)).last == 60


async def test_what_fails_leaves_no_entry_and_no_half_of_it(queue, raw):
    raw.set(keys.AUDIT_HEAD, "junk")
    with pytest.raises(Exception, match="WRONGTYPE"):
        await queue.admin.note("ann", "pause", "queue")

    assert raw.xlen(keys.AUDIT) == 0


def test_the_script_keeps_the_newest_ten_thousand_about(raw):
    for number in range(10_400):
        call(raw, calls.note("ann", "pause", str(number), now_ms=1))

    assert 10_000 <= raw.xlen(keys.AUDIT) < 10_300


async def test_a_trail_that_has_turned_over_is_whole(queue, raw):
    test_the_script_keeps_the_newest_ten_thousand_about(raw)

    found = verify(await read_chain(queue._redis))
    assert (found.last, found.first > 1) == (10_400, True)
