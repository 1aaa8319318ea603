"""What members write into a prompt, over real sockets: alternatives, lists of words, flags, free sizes."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.state import Upload
from loopback.played_worker import ABOUT, png
from loopback.presses import answer_of, more
from zosma_bot.discord.ui.custom_id import Act
from zosma_queue.fleet import Checkpoint, Style


async def ask(server, worker, queue, member, prompt, **options):
    """The request that comes of a prompt."""
    await server.slash(member, "imagine", {"prompt": prompt, **options})
    return (await queue.job((await worker.take()).id)).request


async def refusal(server, member, prompt, **options):
    asked = await server.slash(member, "imagine", {"prompt": prompt, **options})
    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    return asked.message.text


async def make_list(said, admin, name, entries):
    asked = await said(admin, "admin wildcards set", {"name": name, "entries": entries})
    assert "entr" in asked.message.text
    return asked.message.text


# -- alternatives -------------------------------------------------------------------------------------------------


async def test_each_picture_of_a_set_has_words_of_its_own_drawn_by_its_seed(server, client, worker, ann, queue):
    first = await ask(server, worker, queue, ann, "a {red|blue|green|white} cat", count=4, seed=40)
    again = await ask(server, worker, queue, ann, "a {red|blue|green|white} cat", count=4, seed=40)
    third = await ask(server, worker, queue, ann, "a {red|blue|green|white} cat", seed=42)

    assert len(set(first.prompts)) > 1
    assert (first.prompts, first.prompt) == (again.prompts, first.prompts[0])
    assert (third.prompt, third.prompts) == (first.prompts[2], ())
    assert first.template == "a {red|blue|green|white} cat"


async def test_a_set_shows_which_words_each_picture_has(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a {red|blue|green} cat", "count": 4, "seed": 40})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)

    quoted = [line for line in shown.text.splitlines() if line.startswith("> ")]
    assert [line[:5] for line in quoted] == ["> 1. ", "> 2. ", "> 3. ", "> 4. "]
    assert [one.description for one in shown.attachments] == [line[5:] for line in quoted]


async def test_again_draws_anew_and_a_variation_keeps_the_words_of_its_picture(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a {1|2|3|4|5|6|7|8} cat", "count": 4, "seed": 40})
    leased = await worker.take()
    made = (await queue.job(leased.id)).request
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    await server.press(ann, shown, f"z1:vs:{leased.id}:{ann.id}:3")
    varied = (await queue.job((await worker.take()).id)).request
    assert (varied.prompt, varied.prompts, varied.seed) == (made.prompts[2], (), 42)

    await server.press(ann, shown, f"z1:re:{leased.id}:{ann.id}:0")
    again = (await queue.job((await worker.take()).id)).request
    assert (again.template, len(again.prompts)) == (made.template, 4)
    assert again.seed != made.seed


async def test_whoever_wants_braces_has_them_and_edits_them_as_they_were_typed(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": r"a \{red\|blue\} cat, {prompt}"})
    leased = await worker.take()
    assert (await queue.job(leased.id)).request.prompt == r"a {red\|blue} cat, {prompt}"
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    pressed = await server.press(ann, shown, f"z1:ed:{leased.id}:{ann.id}:0")
    form = await pressed.response()
    assert form.data["components"][0]["component"]["value"] == r"a \{red\|blue\} cat, {prompt}"


async def test_a_blocked_word_is_refused_whether_or_not_it_would_be_drawn(server, client, worker, ann, admin, said):
    await said(admin, "admin words add", {"word": "spider"})
    for seed in range(4):
        assert "spider" in await refusal(server, ann, "a {cat|spider}", seed=seed)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a {red|blue cat", "is not closed"),
        ("{" + "|".join(["a"] * 900) + "}", "900 alternatives, at most 500"),
        ("{|}", "is empty"),
        ("a __colour__ cat", "There is no list"),
    ],
)
async def test_what_cannot_be_drawn_is_refused_in_words(server, client, worker, ann, queue, prompt, words):
    assert words in await refusal(server, ann, prompt)
    assert not await queue.open_jobs()


# -- lists --------------------------------------------------------------------------------------------------------


async def test_a_server_has_lists_that_members_draw_from(server, client, worker, ann, admin, said, queue):
    await make_list(said, admin, "__Colour__", "red | blue|blue")
    file = Upload("lists.txt", "# animals\ncat\n\n2::__colour__ dog\n".encode("utf-8-sig"), "text/plain")
    asked = await said(admin, "admin wildcards set", {"name": "animal", "file": file})
    assert "`__animal__` has 2 entries" in asked.message.text

    found = {(await ask(server, worker, queue, ann, "__animal__", seed=seed)).prompt for seed in range(12)}
    assert found == {"cat", "red dog", "blue dog"}

    listed = await server.slash(ann, "wildcards")
    await listed.response()
    assert "`__animal__` (2), `__colour__` (2)" in listed.message.text
    one = await server.slash(ann, "wildcards", {"name": "__colour__"})
    await one.response()
    assert "red\nblue" in one.message.text


async def test_lists_count_in_direct_messages_too_and_in_no_other_server(server, client, worker, ann, admin, said):
    await make_list(said, admin, "colour", "red")
    asked = await server.slash(ann, "imagine", {"prompt": "__colour__"}, dm=True)
    assert (await asked.response()).type is Callback.DEFERRED_MESSAGE


async def test_a_list_that_leads_back_to_itself_is_refused_when_it_is_made(server, client, worker, ann, admin, said):
    await make_list(said, admin, "a", "x|{y|__b__}")
    asked = await said(admin, "admin wildcards set", {"name": "b", "entries": "__c__"})
    assert "2" not in asked.message.text
    asked = await said(admin, "admin wildcards set", {"name": "c", "entries": "__a__"})
    assert "Word lists can't lead back to themselves: c → a → b → c" in asked.message.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "colour"}, "Entries are missing"),
        ({"name": "a b", "entries": "x"}, "can't be a list's name"),
        ({"name": "c", "file": Upload("l.txt", b"\n".join(b"%d" % n for n in range(10_000)), "text/plain")}, "10,000"),
        ({"name": "c", "file": Upload("l.txt", b"\xff\xfe\x00", "text/plain")}, "can't be read"),
        ({"name": "c", "entries": "x", "file": Upload("l.txt", b"x", "text/plain")}, "given twice"),
        ({"name": "c", "entries": "{x"}, None),
        ({"name": "c", "entries": "x" * 501}, "longer than 500"),
    ],
)
async def test_a_list_that_cannot_be_kept_says_why(server, client, worker, admin, said, options, words):
    asked = await said(admin, "admin wildcards set", options)
    assert (words or "has 1 entry") in asked.message.text


async def test_a_list_that_is_removed_is_gone(server, client, worker, ann, admin, said):
    await make_list(said, admin, "colour", "red")
    offered = await server.autocomplete(admin, "admin wildcards remove", focused="name")
    assert [one["value"] for one in offered] == ["colour"]
    await said(admin, "admin wildcards remove", {"name": "colour"})
    assert "There is no list" in await refusal(server, ann, "__colour__")
    asked = await said(admin, "admin wildcards remove", {"name": "colour"})
    assert "There is no list" in asked.message.text


# -- flags and sizes ----------------------------------------------------------------------------------------------


async def test_midjourneys_flags_are_understood_as_options(server, client, worker, ann, queue):
    prompt = 'a cat --ar 16:9 --no dogs, cars --seed 7 --steps 9 --cfg 4.5 --n 2 --model anime --sampler "Euler a"'
    request = await ask(server, worker, queue, ann, prompt)

    assert (request.prompt, request.negative_prompt) == ("a cat", "dogs, cars")
    assert (request.width, request.height, request.count) == (680, 384, 2)
    assert (request.seed, request.steps, request.cfg_scale) == (7, 9, 4.5)
    assert (request.checkpoint, request.sampler) == ("anime", "Euler a")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a cat --stylize 250", "--stylize is Midjourney's and means nothing here"),
        ("a cat —v 6", "—v is Midjourney's"),
        ("a cat --frobnicate", "--frobnicate isn't an option here. There are: --ar"),
        ("a cat --seed", "--seed needs a value"),
        ("a cat --seed x", "--seed is “x”: it must be a number"),
        ("a cat --n 9", "--n is 9: it must be between 1 and 4"),
        ("a cat --ar 99:1", "a side shorter than 64"),
        ("a cat --ar wide", "“wide” isn't a size"),
        ("a cat --seed 1 --seed 2", "--seed says again"),
    ],
)
async def test_flags_that_mean_nothing_here_are_refused_in_words(server, client, worker, ann, prompt, words):
    text = (await refusal(server, ann, prompt)).replace("\\", "")
    assert words.replace("—v", "--v") in text


async def test_a_flag_and_an_option_that_say_the_same_are_refused(server, client, worker, ann):
    assert "Seed is given twice" in await refusal(server, ann, "a cat --seed 1", seed=2)
    assert "Size is given twice" in await refusal(server, ann, "a cat --ar 1:1", width=512)


@pytest.mark.parametrize(
    ("prompt", "means"),
    [
        ("two words -- and more", "two words -- and more"),
        ("a cat — sleeping —quietly", "a cat — sleeping —quietly"),
        (r"a cat \--ar 16:9", "a cat --ar 16:9"),
        ("a well--known cat", "a well--known cat"),
    ],
)
async def test_dashes_that_are_no_flags_stay_words(server, client, worker, ann, queue, prompt, means):
    assert (await ask(server, worker, queue, ann, prompt)).prompt == means


@pytest.mark.parametrize(
    ("size", "pixels"),
    [("16:9", (680, 384)), ("1:1", (512, 512)), ("2,35:1", (784, 336)), ("768x512", (768, 512)),
     ("Square 1024×1024", (1024, 1024))],
)  # fmt: skip
async def test_a_size_may_be_a_shape_pixels_or_any_aspect(server, client, worker, ann, queue, size, pixels):
    request = await ask(server, worker, queue, ann, "a cat", size=size)
    assert (request.width, request.height) == pixels


async def test_an_aspect_has_as_many_pixels_as_the_members_own_size(server, client, worker, ann, queue):
    asked = await server.slash(ann, "settings defaults", {"size": "square 1024×1024"})
    await asked.response()
    request = await ask(server, worker, queue, ann, "a cat", size="16:9")
    assert (request.width, request.height) == (1368, 768)


async def test_an_aspect_counts_also_for_pictures_that_start_from_one(server, client, worker, ann, queue):
    request = await ask(server, worker, queue, ann, "a cat --ar 2:1", image=Upload("s.png", png(1, (512, 512))))
    assert (request.width, request.height) == (728, 360)


async def test_sizes_are_offered_while_they_are_typed(server, client, worker, ann):
    offered = await server.autocomplete(ann, "imagine", focused="size", value="", options={"prompt": "a"})
    assert offered[0] == {"name": "square 512×512", "value": "square 512×512"}
    offered = await server.autocomplete(ann, "imagine", focused="size", value="16:9", options={"prompt": "a"})
    assert offered[0] == {"name": "16:9", "value": "16:9"}
    offered = await server.autocomplete(ann, "imagine", focused="size", value="wide", options={"prompt": "a"})
    assert offered == [{"name": "wide 1344×768", "value": "wide 1344×768"}]


# -- presets ------------------------------------------------------------------------------------------------------


async def test_a_preset_has_a_place_for_the_members_words_as_a1111s_styles_have(server, client, worker, ann, queue):
    for name, words in (("oil", "an oil painting of {prompt}, thick paint"), ("plain", "sharp")):
        asked = await server.slash(ann, "settings save", {"name": name, "prompt": words})
        await asked.response()

    assert (await ask(server, worker, queue, ann, "a cat", style="oil")).prompt == (
        "an oil painting of a cat, thick paint"
    )
    assert (await ask(server, worker, queue, ann, "a cat", style="plain")).prompt == "a cat, sharp"


async def test_edit_offers_presets_and_takes_what_they_say(server, client, worker, ann, queue):
    options = {"name": "oil", "prompt": "an oil painting of {prompt}", "steps": 9, "negative": "photo"}
    asked = await server.slash(ann, "settings save", options)
    await asked.response()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    leased = await worker.take()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    pressed = await server.press(ann, shown, f"z1:ed:{leased.id}:{ann.id}:0")
    form = await pressed.response()
    styles = next(row["component"] for row in form.data["components"] if row["component"]["custom_id"] == "style")
    assert [one["value"] for one in styles["options"]] == ["=", "oil", "misty"]
    await server.submit_modal(
        ann, pressed, {"prompt": "a dog --ar 2:1", "negative_prompt": "cars", "style": ["oil"], "size": ["="]}
    )
    request = (await queue.job((await worker.take()).id)).request
    assert (request.prompt, request.negative_prompt, request.steps) == ("an oil painting of a dog", "cars, photo", 9)
    assert (request.width, request.height) == (728, 360)


# -- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        ("cats, big and small", "<lora:cats, big and small:1>"),
        ("cats, big and small:0.5, lighthouses", "<lora:cats, big and small:0.5> <lora:lighthouses:1>"),
        ("lighthouses,cats, big and small", "<lora:lighthouses:1> <lora:cats, big and small:1>"),
        ("<lora:cats, big and small:0.5>", "<lora:cats, big and small:0.5>"),
        ("odd", "<lora: odd:1>"),
    ],
)
async def test_loras_with_commas_and_spaces_in_their_names_can_be_chosen(
    server, client, worker, ann, queue, typed, tags
):
    await worker.beat(about=ABOUT.model_copy(update={"loras": ("lighthouses", "cats, big and small", " odd")}))
    assert (await ask(server, worker, queue, ann, "a cat", lora=typed)).prompt == f"a cat {tags}"


async def test_a_lora_with_a_comma_is_offered_while_its_second_part_is_typed(server, client, worker, ann):
    await worker.beat(about=ABOUT.model_copy(update={"loras": ("lighthouses", "cats, big and small")}))
    for typed, offered in (
        ("cats, bi", "cats, big and small"),
        ("lighthouses, ca", "lighthouses, cats, big and small"),
    ):
        found = await server.autocomplete(ann, "imagine", focused="lora", value=typed, options={"prompt": "a"})
        assert [one["value"] for one in found] == [offered]


async def test_styles_and_checkpoints_with_spaces_around_their_names_can_be_chosen(server, client, worker, ann, queue):
    odd = Checkpoint(name=" odd one", title=" odd one.safetensors", hash=None)
    await worker.beat(about=ABOUT.model_copy(update={"styles": (Style(name=" misty"),), "checkpoints": (odd,)}))
    request = await ask(server, worker, queue, ann, "a cat", style="misty", checkpoint="odd one")
    assert (request.styles, request.checkpoint) == ((" misty",), " odd one")


# -- what was made ------------------------------------------------------------------------------------------------


async def parameters(server, member, shown, leased, number):
    pressed = await server.press(member, shown, f"z1:pa:{leased.id}:{member.id}:{number}")
    await pressed.response()
    told = await pressed.wait_for(lambda shown: "/imagine" in shown.text)
    return told.text.split("```")[1].strip()


NUMBERS = ("width", "height", "count", "steps", "seed", "guidance")


async def pasted(server, worker, queue, member, command):
    """The request of a command that was copied out of a message and sent."""
    options, name = {}, None
    for word in command.removeprefix("/imagine ").split(" "):
        if word.partition(":")[0] in ("prompt", "checkpoint", "sampler", *NUMBERS):
            name, _, word = word.partition(":")
        options[name] = f"{options[name]} {word}" if name in options else word
    numbers = {one: float(text) if one == "guidance" else int(text) for one, text in options.items()
               if one in NUMBERS}  # fmt: skip
    return await ask(server, worker, queue, member, **options | numbers)


async def test_parameters_make_a_drawn_set_again_and_each_picture_of_it(
    server, client, worker, ann, queue, admin, said
):
    await make_list(said, admin, "colour", "red|blue|green|white")
    asked = await server.slash(ann, "imagine", {"prompt": r"a __colour__ cat \{x\}", "count": 3, "seed": 40})
    leased = await worker.take()
    made = (await queue.job(leased.id)).request
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    whole = await pasted(server, worker, queue, ann, await parameters(server, ann, shown, leased, 0))
    assert (whole.prompts, whole.seed) == (made.prompts, 40)
    for number in (1, 2, 3):
        command = await parameters(server, ann, shown, leased, number)
        await make_list(said, admin, "colour", "black")  # its own words are true whatever becomes of the list
        one = await pasted(server, worker, queue, ann, command)
        assert (one.prompt, one.seed, one.count) == (made.prompts[number - 1], 39 + number, 1)


async def test_what_looks_like_a_flag_is_masked_in_parameters(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": r"a \--ar cat"})
    leased = await worker.take()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    command = await parameters(server, ann, shown, leased, 0)
    assert (await pasted(server, worker, queue, ann, command)).prompt == "a --ar cat"


# -- negative prompts ---------------------------------------------------------------------------------------------


async def test_a_negative_prompt_is_drawn_by_the_seed_and_again_draws_it_anew(
    server, client, worker, ann, queue, admin, said
):
    await make_list(said, admin, "flaw", "hands|feet|text|frame")
    options = {"negative": "{1|2|3|4|5|6|7|8}, __flaw__", "seed": 40, "count": 2}
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", **options})
    leased = await worker.take()
    made = (await queue.job(leased.id)).request
    again = await ask(server, worker, queue, ann, "a cat", **options)
    assert again.negative_prompt == made.negative_prompt
    assert made.negative_prompt.partition(", ")[2] in ("hands", "feet", "text", "frame")
    assert (made.negative_template, made.prompt, made.seed) == (options["negative"], "a cat", 40)

    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    await server.press(ann, shown, f"z1:re:{leased.id}:{ann.id}:0")
    anew = (await queue.job((await worker.take()).id)).request
    assert (anew.negative_template, anew.count) == (options["negative"], 2)
    assert anew.seed != made.seed
    by_its_seed = await ask(server, worker, queue, ann, "a cat", **options | {"seed": anew.seed})
    assert by_its_seed.negative_prompt == anew.negative_prompt


async def test_parameters_and_edit_keep_a_drawn_negative_prompt_true(server, client, worker, ann, queue):
    options = {"negative": r"{1|2|3|4|5|6|7|8} \{a|b\}", "seed": 40}
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", **options})
    leased = await worker.take()
    words = (await queue.job(leased.id)).request.negative_prompt
    assert words.endswith(" {a|b}")
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    assert f"negative:{words[:1]} \\{{a|b\\}}" in told.text
    form = await (await server.click(ann, shown, "Edit")).response()
    fields = {row["component"]["custom_id"]: row["component"].get("value") for row in form.data["components"]}
    assert fields["negative_prompt"] == options["negative"]


@pytest.mark.parametrize(
    ("negative", "words"),
    [
        ("{ugly|bad", "negative"), ("__nolist__", "There is no list"),
        ("{" + "|".join(map(str, range(600))) + "}", "negative"),
    ],
)  # fmt: skip
async def test_a_negative_prompt_that_cannot_be_drawn_is_refused_by_its_name(
    server, client, worker, ann, negative, words
):
    assert words in (await refusal(server, ann, "a cat", negative=negative)).replace("Negative", "negative")


async def test_a_blocked_word_in_a_negative_alternative_is_refused(server, client, worker, ann, admin, said):
    await said(admin, "admin words add", {"word": "gore"})
    for _ in range(3):
        assert "gore" in await refusal(server, ann, "a cat", negative="{a|b|c|d|gore}")
