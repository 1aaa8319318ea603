"""`zosma export` and `zosma import`: what is set up goes out whole, comes back the same, and never by half."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from loopback.played_worker import PlayedWorker
from zosma_bot.backup_kinds import KINDS
from zosma_bot.discord.state.member_settings import MemberSettings, MemberSettingsStore
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.state.server_settings import ServerSettingsStore
from zosma_bot.discord.state.wildcards import WildcardStore
from zosma_cli import backup as commands
from zosma_queue import calls, keys
from zosma_queue.api_keys import KeyScope
from zosma_queue.audit import verify
from zosma_queue.backup import VERSION, changes, merged
from zosma_queue.backup_file import BackupError, parse
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.job import State
from zosma_queue.request import parse_request

GUILD, ANN = 123, 456
COMPOSE = Path(__file__).parents[2] / "compose.yaml"


def never(text):
    raise AssertionError(text)


async def exported(queue, *, failed_jobs=True):
    """The document as it is written."""
    found = await queue.read_backup(KINDS, failed_jobs=failed_jobs, left_out=never)
    return json.dumps(found.to_document())


async def imported(queue, text, *, replace=False):
    """What an import has changed."""
    wanted = parse(text, KINDS)
    now = await queue.read_backup(KINDS, failed_jobs=True, left_out=never)
    then = merged(now, wanted, replace=replace)
    await queue.write_backup(now, then, KINDS, who="cli:local", mode="replace" if replace else "merge")
    return {(one.section, one.name, one.how) for one in changes(now, then)}


async def fill(queue, redis_url):
    """Sets up something of everything."""
    await queue.admin.set_policy("admin", "default", {"waiting": 5, "lane": "relax"})
    await queue.admin.set_policy("admin", "role:9", {"weight": 2.5})
    await queue.admin.set_rules("admin", "", {"blocked": ["gore", "straße*"], "side": 1536})
    await queue.admin.set_rules("admin", f"discord:{GUILD}", {"checkpoints": ["dream"]})
    made = await queue.api_keys.create("admin", "me", scopes=frozenset({KeyScope.ADMIN}))
    await queue.api_keys.create("admin", "website", expires_s=3600)
    await queue.api_keys.rotate("admin", "website", overlap_s=600)
    await queue.api_keys.create("admin", "old")
    await queue.api_keys.revoke("admin", "old")
    await queue.api_keys.note_used("me", 1_700_000_000_000)
    await ServerSettingsStore(queue).change(
        GUILD,
        lambda now: (
            now | {"channels": [1, 2], "defaults": {"style": "misty"}, "channel_defaults": {"7": {"negative": "fog"}}}
        ),
    )
    members = MemberSettingsStore(queue)
    new = MemberSettings(
        defaults={"steps": 30}, presets={"Märchen": {"prompt": "fairy tale"}}, timezone="Europe/Berlin"
    )
    await members.change(ANN, lambda _: new)
    await members.share(GUILD, "ours", {"prompt": "{prompt}, sunny"}, ANN)
    await WildcardStore(queue).put(GUILD, "colour", ["red", "{dark|light} blue"])
    await queue.documents.put("http-options", "key:me", {"checkpoint": "dream", "clip_skip": 2})
    # Of these nothing may come along.
    await queue.documents.put("session", "a" * 64, {"key": "secret"})
    await queue.documents.put("question", "q", {"by": ANN}, ttl_s=60)
    async with PlayedWorker(redis_url) as worker:
        reply = Reply(application_id=1, token="an-interactions-token", token_created_ms=1, channel_id=2, user_id=ANN)
        failed = await queue.submit(
            parse_request({"prompt": "a ghost"}), Sender(owner=f"discord:{GUILD}/{ANN}", group=f"discord:{GUILD}"),
            reply=reply.model_dump_json(),
        )  # fmt: skip
        leased = await worker.take()
        await worker.settle(leased, calls.fail(ErrorKind.OUT_OF_MEMORY))
        await worker.leave()
    return made.key, failed


async def test_a_round_trip_over_an_empty_redis_is_the_same_to_the_last_letter(queue, redis_url, raw):
    key, failed = await fill(queue, redis_url)
    text = await exported(queue)
    head = verify(await queue.admin.audit_chain()).head
    raw.flushall()

    await imported(queue, text)

    assert await exported(queue) == text
    assert verify(await queue.admin.audit_chain()).head == head
    async with Queue(redis_url) as anew:
        known = await anew.api_keys.known()
        assert known.keys["me"].is_admin
        assert known.keys["old"].revoked_ms
        assert (await anew.admin.policies())["role:9"].weight == 2.5
        assert (await ServerSettingsStore(anew).of(GUILD)).defaults_in(7) == {"style": "misty", "negative": "fog"}
        assert (await MemberSettingsStore(anew).of(ANN)).timezone == "Europe/Berlin"
        assert await WildcardStore(anew).entries(GUILD, "colour") == ("red", "{dark|light} blue")
        assert [job.id for job in await anew.admin.jobs(State.FAILED)] == [failed]
        assert [job.id for job in await anew.jobs_of(f"discord:{GUILD}/{ANN}")] == [failed]
    for secret in (key, "an-interactions-token", "secret"):
        assert secret not in text


async def test_a_failed_job_that_came_back_can_be_given_a_new_life(queue, redis_url, raw):
    _, failed = await fill(queue, redis_url)
    text = await exported(queue)
    raw.flushall()
    await imported(queue, text)

    assert 0 < raw.pttl(keys.job(failed)) <= 30 * 24 * 3600 * 1000
    assert await queue.undelivered() == [failed]  # nobody had been told of its end
    async with PlayedWorker(redis_url) as worker:
        assert await queue.admin.retry("admin", failed)
        leased = await worker.take()
        await worker.finish(leased)
    assert (await queue.job(failed)).state is State.DONE
    assert Reply.parse(await queue.reply(failed)).channel_id == 2


async def test_what_is_there_and_not_in_the_file_stays_or_goes_as_it_is_wanted(queue, redis_url):
    await fill(queue, redis_url)
    text = await exported(queue, failed_jobs=False)
    await queue.admin.set_policy("admin", "role:77", {"waiting": 1})
    await queue.admin.set_policy("admin", "default", {"waiting": 9})
    await queue.documents.put("member", "789", {"private": True})

    assert await imported(queue, text) == {("limits", "default", "changed")}
    assert await imported(queue, text) == set()
    assert await imported(queue, text, replace=True) == {
        ("limits", "role:77", "dropped"), ("documents member", "789", "dropped"),
    }  # fmt: skip
    acts = [(act.act, act.value) for act in await queue.admin.audit(limit=3)]
    assert acts == [("import", "replace"), ("import", "merge"), ("import", "merge")]
    assert verify(await queue.admin.audit_chain()).entries


async def test_a_key_that_was_revoked_since_stays_revoked_and_every_bot_reads_its_keys_anew(queue, redis_url):
    await fill(queue, redis_url)
    text = await exported(queue)
    before = await queue.api_keys.known()
    await queue.api_keys.revoke("admin", "website")
    await queue.api_keys.create("admin", "newer")

    for replace in (False, True):
        await imported(queue, text, replace=replace)
        known = await queue.api_keys.known()
        assert known.keys["website"].revoked_ms
        assert ("newer" in known.keys) is not replace
    assert known.keys["me"] == before.keys["me"]


async def test_a_job_that_has_a_new_life_is_let_be(queue, redis_url):
    _, failed = await fill(queue, redis_url)
    text = await exported(queue)
    async with PlayedWorker(redis_url):
        await queue.admin.retry("admin", failed)

        await imported(queue, text, replace=True)

        assert (await queue.job(failed)).state is State.WAITING


async def test_what_cannot_be_read_is_left_out_by_name_and_never_written_over(queue, redis_url, raw):
    await fill(queue, redis_url)
    raw.hset(keys.POLICIES, "role:5", '{"weight": 2, "of_a_later_version": 1}')
    raw.hset(keys.RULES, "\xff".encode("latin-1"), "{}")
    raw.set(keys.document("guild", "77"), "{")
    raw.lpush(keys.document("member", "78"), "no text")
    raw.set(keys.document("wildcard", "1:x"), '{"entries": 3}')
    raw.zadd(keys.DEAD, {"junk": 1})
    raw.set(keys.job("junk"), "no hash")
    told = []

    now = await queue.read_backup(KINDS, failed_jobs=True, left_out=told.append)
    await queue.write_backup(now, merged(now, now, replace=True), KINDS, who="x", mode="replace")

    assert [text.partition(":")[0] for text in told] == [
        "limits 'role", "rules '\ufffd'", "documents guild '77'", "documents wildcard '1",
    ]  # fmt: skip
    assert raw.hexists(keys.POLICIES, "role:5")
    assert raw.exists(keys.document("guild", "77"))
    assert parse(json.dumps(now.to_document()), KINDS) is not None


# -- files that are none ----------------------------------------------------------------------------------------


def document(**sections):
    return json.dumps({"format": "zosma-export", "version": VERSION, **sections})


KEY = {"name": "me", "scopes": ["read"], "digest": "0" * 64, "hint": "abcd", "created_ms": 1, "created_by": "x"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no whole JSON (line 1, column 1): it may have been cut off, take another copy"),
        (document(limits={})[:-9], "no whole JSON"),
        (b"\xff\xfe{", "no UTF-8 text"),
        ("[" * 200_000, "nested too deeply"),
        ("[]", "no export of Zosma's"),
        ('{"format": "other"}', "no export of Zosma's"),
        ('{"format": "zosma-export"}', "version is 'None': it must be a whole number"),
        ('{"format": "zosma-export", "version": 99}', "has the format 99, and this Zosma reads formats up to 1"),
        ('{"format": "zosma-export", "version": true}', "version is 'True'"),
        ('{"format": "zosma-export", "version": 1, "limits": {"a": 1, "a": 2}}', "the name 'a' stands twice"),
        (document(limits={"default": {"weight": float("nan")}}), "NaN is no number"),
        (document(colours={}), "colours is no part of an export: take it out"),
        (document(limits=[]), "limits must be an object"),
        (document(limits={"default": {"waiting": -1}}), "limits.default: waiting is -1"),
        (document(limits={"default": {"colour": 1}}), "limits.default: colour"),
        (document(limits={"nobody at all": {}}), "limits.nobody at all: name 'nobody at all' can be nobody's"),
        (document(rules={"": {"steps": "many"}}), "rules.(everybody): steps"),
        (document(rules={"": {"blocked": ["**"]}}), "rules.(everybody): blocked"),
        (document(api_keys={"me": KEY | {"digest": "hunter2"}}), "api_keys.me: digest must be a SHA-256 in hex"),
        (document(api_keys={"me": KEY | {"digest": ""}}), "api_keys.me: digest must be '' for a revoked key"),
        (document(api_keys={"you": KEY}), "api_keys.you: its name is 'me'"),
        (document(api_keys={"me": {}}), "api_keys.me: name field required"),
        (document(api_key_uses={"me": "yesterday"}), "api_key_uses.me: must be a whole number"),
        (document(documents={"session": {}}), "documents.session is no kind of document: guild, member"),
        (document(documents={"guild": {"here": {}}}), "documents.guild.here: it must stand under a number"),
        (document(documents={"guild": {"1": {"retention_days": 99}}}), "documents.guild.1: retention_days is '99'"),
        (document(documents={"member": {"1": []}}), "documents.member.1: must be an object"),
        (document(documents={"member": {"1": {"presets": {" ": {}}}}}), "documents.member.1: "),
        (document(documents={"member": {"1": {"defaults": {"prompt": "x" * 70_000}}}}), "that is too much to keep"),
        (document(documents={"member": {"1": {"timezone": "\ud800"}}}), "documents.member.1: has half a character"),
        (document(documents={"wildcard": {"1:c": {"entries": []}}}), "documents.wildcard.1:c: "),
        (document(documents={"wildcards": {"1": {"c": "two"}}}), "documents.wildcards.1: the list 'c' must have"),
        (document(documents={"shared-presets": {"1": {"x": 3}}}), "documents.shared-presets.1: the preset 'x'"),
        (
            document(documents={"http-options": {"key:me": {"clip_skip": 99}}}),
            "documents.http-options.key:me: clip_skip",
        ),
        (document(failed_jobs={"a:b": {}}), "failed_jobs.a:b: its id can't be one"),
        (document(failed_jobs={"a": {"fields": {"state": "failed"}}}), "failed_jobs.a: "),
        (document(failed_jobs={"a": {"fields": {"x": 1}}}), "failed_jobs.a: fields must be an object of texts"),
        (document(audit={"entries": [{"n": "1", "hash": "x"}], "head": {}}), "--no-audit imports the rest"),
        (document(audit=3), "audit: "),
    ],
)
async def test_a_file_that_is_wrong_says_where_and_what_to_do(text, says):
    with pytest.raises(BackupError) as refused:
        parse(text, KINDS)

    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_changed(zosma, redis_url, raw, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(
        document(limits={"default": {"waiting": -1}, "role:1": {"lane": "x"}}, rules={"": {"blocked": ["a"]}})
    )

    ran = await zosma("import", str(wrong), REDIS_URL=redis_url)

    assert ran.code == 2
    assert [line.partition(":")[2][1:14] for line in ran.err.splitlines()[:2]] == ["limits.defaul", "limits.role:1"]
    assert ran.err.splitlines()[-1] == f"zosma: {wrong} can't be imported: nothing is changed"
    assert raw.keys() == []


async def test_a_document_that_is_wrong_in_hundreds_of_places_is_told_in_twenty_lines():
    with pytest.raises(BackupError) as refused:
        parse(document(limits={f"role:{n}": {"waiting": -1} for n in range(300)}), KINDS)

    assert len(refused.value.problems) == 21
    assert refused.value.problems[-1] == "and 280 things more"


# -- the commands -----------------------------------------------------------------------------------------------


async def test_the_commands_write_a_file_for_its_owner_alone_and_say_what_they_change(
    zosma, queue, redis_url, raw, tmp_path
):
    key, failed = await fill(queue, redis_url)
    file, env = tmp_path / "backup.json", {"REDIS_URL": redis_url}
    file.write_text("older")
    file.chmod(0o644)

    wrote = await zosma("export", str(file), "--failed-jobs", **env)
    streamed = await zosma("export", "-", **env)
    raw.flushall()
    dry = await zosma("import", str(file), "--dry-run", **env)
    assert raw.keys() == []
    restored = await zosma("import", str(file), **env)
    again = await zosma("import", str(file), "--replace", **env)

    assert (wrote.code, wrote.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if "backup" in one.name] == ["backup.json"]
    assert failed in file.read_text()
    assert failed not in streamed.out
    assert key not in file.read_text()
    assert json.loads(streamed.out)["format"] == "zosma-export"
    assert "limits: 2 new (default, role:9)" in dry.out
    assert "rules: 2 new (everybody, discord:123)" in dry.out
    assert "API keys: 3 new (me, old, website)" in dry.out
    assert "nothing is changed: this was --dry-run" in dry.err
    assert restored.out == dry.out
    assert "start the bot anew" in restored.err
    assert (again.code, again.out) == (0, "")
    assert "the audit trail that is here stays" in again.err
    assert "nothing differs" in again.err


async def test_standard_input_is_taken_and_a_file_that_is_no_export_is_one_line(zosma, redis_url, tmp_path):
    for name, text in (("huge", None), ("none", None), ("folder", None)):
        del text
        if name == "huge":
            with (tmp_path / name).open("wb") as file:
                file.truncate(commands.FILE_MAX_BYTES + 1)
        if name == "folder":
            (tmp_path / name).mkdir()
        ran = await zosma("import", str(tmp_path / name), REDIS_URL=redis_url)
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
    ran = await zosma("import", "-", REDIS_URL=redis_url)  # nobody writes to it
    assert (ran.code, "no whole JSON" in ran.err) == (2, True)


async def test_a_place_that_cannot_be_written_leaves_nothing_behind(zosma, redis_url, tmp_path):
    ran = await zosma("export", str(tmp_path / "nowhere" / "file"), REDIS_URL=redis_url)

    assert ran.code == 2
    assert "can't be written (No such file or directory)" in ran.err


async def test_without_a_redis_it_says_which_variable_names_one(zosma):
    ran = await zosma("export", "-")

    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "REDIS_URL is not set" in ran.err


async def test_the_bots_own_redis_user_may_do_all_of_it(queue, redis_url, raw):
    await fill(queue, redis_url)
    text = await exported(queue)
    raw.flushall()
    rights = re.search(r"user bot on >\S+ (.*)$", COMPOSE.read_text("utf-8"), re.MULTILINE)[1]
    raw.execute_command("ACL", "SETUSER", "bot", "reset", "on", ">secret", *rights.split())
    try:
        async with Queue(f"redis://bot:secret@{redis_url.rpartition('@')[2]}") as as_bot:
            await imported(as_bot, text)
            assert await exported(as_bot) == text
    finally:
        raw.acl_deluser("bot")
