"""`/styles` over real sockets."""

from __future__ import annotations

from loopback.played_worker import ABOUT
from zosma_queue.fleet import Style


async def styles(server, member, name=None, **where):
    asked = await server.slash(member, "styles", {} if name is None else {"name": name}, **where)
    await asked.response()
    assert asked.message.ephemeral
    return asked.message


async def test_all_that_there_is_to_choose_from_is_listed(server, client, worker, ann):
    bob = server.add_member("bob")
    await server.slash(ann, "settings save", {"name": "oil", "prompt": "oil painting"})
    shared = await server.slash(bob, "settings save", {"name": "ink", "prompt": "ink drawing"})
    await shared.response()
    await (await server.slash(bob, "settings share", {"name": "ink"})).response()

    assert (await styles(server, ann)).text.splitlines() == [
        "**Your presets:** oil", "**This server's presets:** ink", "**Styles of the WebUIs:** misty",
    ]  # fmt: skip


async def test_one_is_shown_in_full_with_its_words_as_they_are(server, client, worker, ann):
    options = {"name": "oil", "prompt": "oil *painting*", "negative": "photo", "steps": 30, "size": "square 512×512"}
    await (await server.slash(ann, "settings save", options)).response()
    text = (await styles(server, ann, "OIL")).text
    assert text == ("🎨 **oil**\nprompt: ```\noil *painting*\n```\nnegative: ```\nphoto\n```\nsize 512×512 · steps 30")
    assert (await styles(server, ann, "misty")).text == "🎨 **misty**\nprompt: ```\n{prompt}, misty\n```"


async def test_very_long_words_come_as_a_file(server, client, ann):
    await (await server.slash(ann, "settings save", {"name": "long", "prompt": "x" * 4000})).response()
    shown = await styles(server, ann, "long")
    assert shown.files[0].data.startswith(b"prompt:\nxxx")


async def test_names_are_offered_while_they_are_typed(server, client, worker, ann):
    assert await server.autocomplete(ann, "styles", focused="name", value="mis") == [
        {"name": "misty", "value": "misty"}
    ]


async def test_an_unknown_one_is_refused(server, client, worker, ann):
    assert (await styles(server, ann, "foggy")).text == "⚠️ There is no style or preset “foggy” here."
    ann.locale = "de"
    assert "gibt es hier nicht" in (await styles(server, ann, "foggy")).text


async def test_hundreds_of_styles_fit(server, client, worker, ann):
    many = tuple(Style(name=f"style-{number:03}") for number in range(300))
    await worker.beat(about=ABOUT.model_copy(update={"styles": many}))
    client.services.fleet.forget()
    assert "… and 260 more" in (await styles(server, ann)).text


async def test_without_a_gpu_and_in_direct_messages_presets_are_there(server, client, ann):
    await (await server.slash(ann, "settings save", {"name": "oil", "prompt": "oil painting"}, dm=True)).response()
    assert "**Your presets:** oil\n" in (await styles(server, ann, dm=True)).text


async def test_redis_away_is_told(server, client, ann, valkey_asleep):
    async with valkey_asleep():
        assert "queue can't be reached" in (await styles(server, ann)).text
