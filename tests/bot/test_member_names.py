"""What members are called, as admins see it on the page."""

from __future__ import annotations

import pytest

from zosma_bot import member_names
from zosma_bot.member_names import MemberNames


@pytest.mark.parametrize("owner", ["discord:1/11", "discord:dm/11", "discord:user/11"])
def test_a_member_has_one_name_in_all_places(owner):
    names = MemberNames()
    names.learn(11, "Ann")
    names.learn(11, "Anna")
    assert names.of(owner) == "Anna"


@pytest.mark.parametrize("owner", ["discord:1/12", "key:11", "http:local", "discord:1/11/2", "discord:1/x"])
def test_whoever_is_unknown_has_none(owner):
    names = MemberNames()
    names.learn(11, "Ann")
    assert names.of(owner) is None


def test_the_newest_are_remembered(monkeypatch):
    monkeypatch.setattr(member_names, "REMEMBERED", 2)
    names = MemberNames()
    for user_id in (1, 2, 1, 3):
        names.learn(user_id, str(user_id))
    assert [names.of(f"discord:1/{user_id}") for user_id in (1, 2, 3)] == ["1", None, "3"]
