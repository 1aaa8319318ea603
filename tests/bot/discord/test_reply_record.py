"""The record of where an answer goes."""

from __future__ import annotations

import aiohttp
import pytest

from zosma_bot.discord.delivery.fallbacks import is_passing, nonce_of
from zosma_bot.discord.state.reply_record import TOKEN_LIFE_S, Reply

REPLY = Reply(application_id=1, token="secret-token", token_created_ms=1_000_000, channel_id=2, user_id=3)


def test_it_survives_the_way_through_the_queue():
    assert Reply.parse(REPLY.model_dump_json()) == REPLY


def test_it_never_shows_its_token():
    assert "secret-token" not in repr(REPLY)
    assert "secret-token" not in str(REPLY)


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"kind": "webhook"}'])
def test_what_is_no_record_of_ours_is_none(text):
    assert Reply.parse(text) is None


def test_a_token_works_until_shortly_before_its_end():
    assert REPLY.token_works(1_000)
    assert REPLY.token_works(1_000 + TOKEN_LIFE_S - 30)
    assert not REPLY.token_works(1_000 + TOKEN_LIFE_S - 10)
    assert not REPLY.model_copy(update={"token": ""}).token_works(1_000)


def test_a_nonce_is_the_same_for_the_same_job_and_short_enough():
    assert nonce_of("job-1") == nonce_of("job-1") != nonce_of("job-2")
    assert len(nonce_of("job-1")) <= 25


@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError(), OSError(), TimeoutError()])
def test_a_cut_line_is_passing(error):
    assert is_passing(error)


def test_a_bug_is_not_passing():
    assert not is_passing(RuntimeError())
