"""The collector while a process starts."""

from __future__ import annotations

import gc

import pytest

from zosma_queue.collector import collector_resting


@pytest.fixture(autouse=True)
def _thawed():
    yield
    gc.unfreeze()


def test_what_is_made_in_the_block_is_not_looked_through_again():
    with collector_resting():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]

    assert gc.isenabled()
    assert gc.get_freeze_count() > len(made)
    assert not any(one is made for one in gc.get_objects())


def test_a_start_that_fails_leaves_the_collector_at_work():
    with pytest.raises(ImportError), collector_resting():
        raise ImportError("no such module")

    assert gc.isenabled()
