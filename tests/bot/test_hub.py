"""The ear on the queue, where no other test looks."""

from __future__ import annotations

from zosma_queue import keys
from zosma_queue.events import SETTLED


async def test_who_leaves_hears_nothing_more_and_the_others_go_on(hub, raw):
    anns, bobs = [], []
    leave_ann = hub.on_event(anns.append)
    hub.on_event(bobs.append)

    async def happens(number):
        with hub.watch("job") as watch:
            raw.publish(keys.EVENTS, f'{{"event": "waiting", "id": "job", "number": {number}}}')
            assert await watch.changed(5)

    await happens(1)
    leave_ann()
    leave_ann()
    await happens(2)

    assert [event.data["number"] for event in anns] == [1]
    assert [event.data["number"] for event in bobs] == [1, 2]


async def test_a_listener_may_leave_while_it_is_called(hub, raw):
    heard = []

    def once(event):
        heard.append(event)
        leave()

    leave = hub.on_event(once)
    with hub.watch("job") as watch:
        for _ in range(2):
            raw.publish(keys.EVENTS, '{"event": "waiting", "id": "job"}')
            assert await watch.changed(5)

    assert len(heard) == 1


async def test_who_waits_for_one_kind_of_event_is_woken_by_no_other_but_whenever_some_may_have_been_missed(hub, raw):
    with hub.watch("job", only=SETTLED) as waits, hub.watch("job") as hears:
        raw.publish(keys.EVENTS, '{"event": "progress", "id": "job"}')
        assert await hears.changed(5)
        assert not await waits.changed(0)

        raw.publish(keys.EVENTS, '{"event": "settled", "id": "job"}')
        assert await waits.changed(5)

        raw.client_kill_filter(_type="pubsub")
        assert await waits.changed(5)
