"""Bot processes with one token: one of them posts, and each interaction is one's own."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.scripts import call


@pytest.fixture(name="stand")
def _stand(rig):
    def stand(bot, *, hears=True, goes=False):
        return call(rig.client, calls.stand(bot, hears=hears, goes=goes, now_ms=rig.now))

    return stand


def test_the_first_one_posts_for_as_long_as_it_is_there(rig, stand):
    for _ in range(10):
        assert stand("old").posts
        assert not stand("new").posts
        rig.later(1)


def test_one_that_falls_silent_is_followed_within_three_seconds(rig, stand):
    stand("old")
    rig.later(2.9)
    assert not stand("new").posts
    rig.later(0.2)
    assert stand("new").posts
    assert not stand("old").posts


def test_one_that_goes_is_followed_at_once(stand):
    stand("old")
    stand("new")
    stand("old", goes=True)
    assert stand("new") == calls.Standing(posts=True, others_hearing=0)


def test_who_does_not_hear_discord_may_post_but_leaves_nobody_to_rely_on(stand):
    assert stand("old", hears=False) == calls.Standing(posts=True, others_hearing=0)
    assert stand("new") == calls.Standing(posts=False, others_hearing=0)
    assert stand("old", hears=False).others_hearing == 1


def test_whoever_is_silent_is_not_counted_among_those_that_hear(rig, stand):
    stand("old")
    rig.later(3.1)
    assert stand("new").others_hearing == 0


def test_it_works_while_redis_is_full_because_only_deliveries_free_it(rig, stand):
    rig.client.config_set("maxmemory", 1)
    try:
        assert stand("old").posts
    finally:
        rig.client.config_set("maxmemory", 0)


async def test_a_claim_is_granted_once_and_ends(queue, raw):
    assert [await queue.bots.claim("a", bot) for bot in ("one", "two", "one")] == [True, False, False]
    assert await queue.bots.claim("b", "two")
    assert 0 < raw.ttl(keys.claim("a")) <= 15 * 60
