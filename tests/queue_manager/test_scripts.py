"""The Lua verbs as a whole: key names held to keys.py, and a script cache that may be emptied at any time."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import redis

import zosma_queue
from loopback.redis_user import README
from zosma_queue import calls, keys
from zosma_queue.connections import worker_client
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.lua_assembly import PARTS, AssemblyError, assembled, library, read
from zosma_queue.scripts import call, source

_CONSTANTS = [value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)]
_FUNCTIONS = {
    "job_key": keys.job("1"),
    "worker_key": keys.worker("1"),
    "can_key": keys.can("1"),
    "wake_key": keys.wake("1"),
    "handed_key": keys.handed("1"),
    "preview_key": keys.preview("1"),
    "image_key": keys.image("1", 2, 3),
    "group_tags_key": keys.group_tags("1"),
    "ready_key": keys.ready("1"),
    "idle_key": keys.idle("1"),
    "idle_with_key": keys.idle_with("1", "2"),
    "serves_key": keys.serves("1"),
    "able_key": keys.able("1"),
    "bucket_classes_key": keys.bucket_classes("1"),
    "join_classes_key": keys.join_classes("1"),
    "join_checkpoints_key": keys.join_checkpoints("1"),
    "groups_key": keys.groups("1"),
    "owners_key": keys.owners("1", "2"),
    "all_owners_key": keys.all_owners("1"),
    "groups_with_key": keys.groups_with("1", "2"),
    "owners_with_key": keys.owners_with("1", "22", "3"),
    "buckets_with_key": keys.buckets_with("1"),
    "cold_key": keys.cold("1"),
    "heads_key": keys.heads("1", "2"),
    "jobs_key": keys.jobs("1", "22", "3"),
    "owner_buckets_key": keys.owner_buckets("1"),
    "group_buckets_key": keys.group_buckets("1"),
    "cooldown_key": keys.cooldown("1"),
    "spent_key": keys.spent("1", 2),
    "made_key": keys.made("1", 2),
    "owners_of_key": keys.owners_of("1"),
    "input_key": keys.picture_input("1"),
    "series_key": keys.series(60, 2),
}


_LUA = Path(zosma_queue.__path__[0]) / "lua"

_VERBS = sorted(file.stem for file in _LUA.glob("[!_]*.lua"))


def evaluate(raw, lua):
    return raw.eval(assembled(lua), 1, keys.PREFIX)


def declared_in(text):
    """What a Lua text gives names to: variables, functions, parameters, loops."""
    found = re.findall(r"\blocal ([\w, ]+)|\bfor ([\w, ]+) (?:in|=)|\bfunction ?\w* ?\(([\w, .]*)\)", text)
    found += [(name, "", "") for name in re.findall(r"\bfunction (\w+)", text)]
    return {name for some in found for one in some for name in re.findall(r"\w+", one)} - {"function"}


@pytest.mark.parametrize("function", sorted(_FUNCTIONS))
def test_lua_and_python_build_the_same_keys(raw, function):
    if function == "series_key":
        assert evaluate(raw, "return series_key(60, 2)").decode() == _FUNCTIONS[function]
        return
    more = dict.fromkeys(
        ("owners_key", "heads_key", "idle_with_key", "groups_with_key", "spent_key", "made_key"), ", '2'"
    )
    more |= {"image_key": ", '2', '3'", "jobs_key": ", '22', '3'", "owners_with_key": ", '22', '3'"}
    arguments = "'1'" + more.get(function, "")

    assert evaluate(raw, f"return {function}({arguments})").decode() == _FUNCTIONS[function]


def test_no_key_function_of_the_scripts_is_missing_here():
    assert {name for name in library() if name.endswith("_key")} == set(_FUNCTIONS)


def test_a_script_that_names_a_key_which_keys_py_lacks_is_not_put_together():
    with pytest.raises(AssemblyError, match=r"K\.wating: keys\.py has no WATING"):
        assembled("return redis.call('ZCARD', K.wating)")


def test_a_script_has_what_it_uses_of_the_parts_and_no_more(raw):
    script = assembled(
        "-- push(job)\nlocal its = {tag = 'tag(1)', v = ARGV.tag}\nreturn {its.tag, exact(1), DONE_TTL_MS / DAY_MS}"
    )

    assert "redis.call" not in script
    assert raw.eval(script, 0) == [b"tag(1)", b"1", 30]


def test_a_value_of_the_parts_is_one_for_a_whole_call(raw):
    needs = '{"tokens": [], "pixels": 1}'

    assert evaluate(raw, f"able_now['a'] = {{'known'}} return able_for('a', needs_in('{needs}'))") == [b"known"]
    assert evaluate(raw, f"return able_for('a', needs_in('{needs}'))") == []


@pytest.mark.parametrize("file", [*_VERBS, *PARTS])
def test_no_name_of_the_parts_is_given_to_something_else(file):
    text = read(file)
    if file in PARTS:
        text = re.sub(r"^local (function )?\w+", "", text, flags=re.MULTILINE)

    assert declared_in(text) & {*library(), "LIB", "K", "P"} == set()


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_is_one_that_lua_takes(raw, verb):
    assert raw.script_load(source(verb))


def test_every_script_is_far_from_as_many_variables_as_lua_allows():
    texts = {f"{verb}.lua": source(verb).partition("\nreturn it\nend})\n")[2] for verb in _VERBS} | library()

    # A function may have 200 local variables, and use 60 of those of the functions around it.
    assert {name: len(declared_in(text)) for name, text in texts.items() if len(declared_in(text)) > 50} == {}


def test_every_key_lies_in_one_cluster_slot():
    for key in (
        *_CONSTANTS,
        *_FUNCTIONS.values(),
        keys.reply("1"),
        keys.SECRET,
        keys.ASKED,
        keys.image("1", 1, 0),
    ):
        assert "{zosma}" in key


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_says_at_its_head_what_it_takes_and_returns(verb):
    text = (_LUA / f"{verb}.lua").read_text("utf-8")
    head = "\n".join(itertools.takewhile(lambda line: line.startswith("--"), text.splitlines()))

    assert [word for word in ("KEYS", "ARGV", "Returns") if not re.search(rf"^-- {word}\b", head, re.M)] == []


def test_an_emptied_script_cache_changes_nothing(rig, raw):
    rig.submit()
    raw.script_flush()

    assert rig.take()


def test_a_redis_that_is_not_there_is_one_error():
    with (
        worker_client("redis://127.0.0.1:1/0") as client,
        pytest.raises(QueueUnavailableError, match="can't be reached"),
    ):
        call(client, calls.sweep())


def test_a_worker_with_an_acl_user_of_its_own_can_work_but_not_read_where_answers_go(rig, raw, valkey):
    rig.submit(reply='{"token": "secret"}')
    raw.execute_command(
        "ACL", "SETUSER", "gpu", "reset", "on", ">pw", "~{zosma}:*", "&{zosma}:*", "+@all", "-@admin", "-@dangerous"
    )
    try:
        with redis.Redis.from_url(valkey.url_for("gpu", "pw")) as worker:
            leased = call(worker, calls.fetch("w1", now_ms=rig.now))
            assert leased is not None
            with pytest.raises(redis.exceptions.NoPermissionError):
                worker.get(keys.reply(leased.id))
            with pytest.raises(redis.exceptions.NoPermissionError):
                worker.get(keys.SECRET)
            assert call(worker, calls.settle(leased.id, leased.attempt, calls.RELEASE, now_ms=rig.now)) == "waiting"
    finally:
        raw.execute_command("ACL", "DELUSER", "gpu")


def test_no_script_and_no_users_rights_need_a_server_younger_than_redis_7_0(raw):
    texts = [path.read_text("utf-8") for path in _LUA.glob("*.lua")]
    sent = {name.lower() for text in texts for name in re.findall(r"redis\.p?call\(\s*'(\w+)'", text)}
    rights = re.findall(r"^ +ACL SETUSER gpu (.*)$", README.read_text("utf-8"), re.MULTILINE)
    sent |= {word[1:] for line in rights for word in line.split() if word[0] == "+"}

    # As a name of its own, for redis-py reads any answer to COMMAND as another list.
    told = raw.execute_command("command docs", *(name.split("|")[0] for name in sent))
    since = {}
    for name, about in told.items():
        since |= {name.decode(): about[b"since"]}
        since |= {under.decode(): what[b"since"] for under, what in about.get(b"subcommands", {}).items()}

    assert len(sent) > 40
    assert not {name: since[name] for name in sent if tuple(map(int, since[name].split(b"."))) >= (7, 1)}
