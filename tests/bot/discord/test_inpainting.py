"""Vary a region, zoom out, extend and make square: from the menu to the request that reaches a GPU."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from loopback.discord.interaction import Callback
from loopback.discord.state import Upload
from loopback.pictures import UNUSABLE
from loopback.presses import answer_of, menu_of, more, next_request, use
from zosma_bot import painted_masks
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_queue import keys

ASKED = {"prompt": "a cat", "negative": "dogs", "seed": 42, "width": 128, "height": 192, "steps": 9}
PUBLIC = "https://pictures.example"


def picture(size=(128, 192)):
    """A picture in which every pixel tells where it is."""
    image = Image.new("RGB", size)
    image.putdata([(x % 256, y % 256, (x * y) % 256) for y in range(size[1]) for x in range(size[0])])
    return image


def mask(size=(128, 192), box=(10, 10, 60, 60), mode="L", kind="PNG", white=255):
    image = Image.new(mode, size)
    if box:
        ImageDraw.Draw(image).rectangle(box, fill=white)
    out = io.BytesIO()
    image.save(out, kind)
    return Upload(f"mask.{kind.lower()}", out.getvalue())


@pytest.fixture(name="made")
async def _made(server, client, worker, ann, monkeypatch):
    """A finished job's message as it is shown, with a picture that is worth looking at."""

    def draw(request, seed, checkpoint, parameters):
        out = io.BytesIO()
        picture(request.output_size).save(out, "PNG")
        return out.getvalue()

    monkeypatch.setattr(worker, "draw", draw)
    asked = await server.slash(ann, "imagine", ASKED)
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: shown.attachments)


@pytest.fixture(name="public")
def _public(client, monkeypatch):
    """The bot has a public address."""
    monkeypatch.setattr(client.services.links, "_base_url", PUBLIC)


async def opened(server, member, shown, number=1):
    """The form for a region."""
    form = await more(server, member, shown, Act.REGION, number)
    assert (await form.response()).type is Callback.MODAL
    return form


def fields_of(form):
    return {row["component"]["custom_id"]: row["component"] for row in form.interaction.ack.data["components"]}


def stored(raw, input_id):
    with Image.open(io.BytesIO(raw.get(keys.picture_input(input_id)))) as image:
        image.load()
        return image


def white_in(image):
    """Which pixels of a mask are white: the box around them."""
    return image.convert("L").point(lambda value: 255 * (value > 127)).getbbox()


# -- regions -------------------------------------------------------------------------------------------------------


async def test_a_named_part_is_painted_anew_with_new_words(server, worker, ann, queue, raw, made):
    form = await opened(server, ann, made)
    assert fields_of(form)["prompt"]["value"] == "a cat"
    assert [len(fields_of(form)), form.interaction.ack.data["title"]] == [5, "Vary a region"]
    sent = await server.submit_modal(ann, form, {"region": "left-half", "prompt": "a red sofa", "count": "2"})
    request, leased = await next_request(worker, queue)
    start = request.img2img
    assert (request.prompt, request.negative_prompt, request.count) == ("a red sofa", "dogs", 2)
    assert (request.width, request.height, request.steps, request.checkpoint) == (128, 192, 9, "dream")
    assert (start.denoising_strength, start.inpainting_fill, start.inpaint_full_res) == (0.75, 1, False)
    assert raw.get(keys.picture_input(start.image)) == made.files[0].data
    painted = stored(raw, start.mask)
    assert (painted.size, white_in(painted)) == ((128, 192), (0, 0, 64, 192))
    await worker.finish(leased)
    shown = await sent.wait_for(lambda shown: shown.attachments)
    assert f"-# <@{ann.id}>'s change to a part" in shown.text
    assert shown.labels[:4] == ["U1", "U2", "V1", "V2"]


async def test_a_part_of_a_picture_that_was_made_large_is_painted_at_a_size_that_gpus_can_do(
    server, client, worker, ann, queue, raw
):
    asked = await server.slash(ann, "imagine", ASKED | {"width": 1536, "height": 1024, "hires": 2})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    await server.submit_modal(ann, await opened(server, ann, shown), {"region": "left-half"})
    request, _ = await next_request(worker, queue)
    assert (request.width, request.height) == (1768, 1176)
    assert stored(raw, request.img2img.image).size == (1768, 1176)
    assert (request.hires, request.img2img.resize_mode) == (None, 0)


async def test_strength_is_taken_as_chosen(server, worker, ann, queue, made):
    form = await opened(server, ann, made)
    await server.submit_modal(ann, form, {"region": "sky", "strength": "wholly"})
    request, _ = await next_request(worker, queue)
    assert request.img2img.denoising_strength == 1.0


@pytest.mark.parametrize(
    "sent",
    [
        mask(), mask((64, 96), (5, 5, 30, 30)), mask((256, 384), (20, 20, 120, 120), kind="JPEG"),
        mask(mode="RGBA", white=(0, 0, 0, 255)), mask(mode="1"),
    ],
    ids=["PNG", "half the size", "twice, JPEG", "drawn on nothing", "one bit"],
)  # fmt: skip
async def test_a_mask_of_the_same_shape_is_brought_to_the_pictures_size(server, worker, ann, queue, raw, made, sent):
    form = await opened(server, ann, made)
    await server.submit_modal(ann, form, {"mask": sent})
    request, _ = await next_request(worker, queue)
    painted = stored(raw, request.img2img.mask)
    assert painted.size == (128, 192)
    assert all(abs(found - wanted) <= 1 for found, wanted in zip(white_in(painted), (10, 10, 61, 61), strict=True))
    assert set(painted.convert("L").tobytes()) == {0, 255}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mask": mask((128, 128))}, "⚠️ Mask has 128x128 pixels, but the picture has 128x192: send a mask with the"),
        ({"mask": mask(box=None)}, "⚠️ Mask has nothing white"),
        ({"mask": mask(box=(0, 0, 128, 192))}, "⚠️ Mask is white all over"),
        ({"mask": UNUSABLE["no picture"][0]}, UNUSABLE["no picture"][1].replace("Image", "Mask")),
        ({"mask": UNUSABLE["a decompression bomb"][0]}, "megapixels are possible"),
        ({}, "⚠️ No part of the picture is chosen"),
    ],
    ids=["another shape", "nothing", "everything", "no picture", "a bomb", "no region"],
)
async def test_what_is_no_usable_region_ends_in_one_sentence(server, worker, ann, queue, made, values, words):
    form = await opened(server, ann, made)
    sent = await server.submit_modal(ann, form, values)
    await sent.response()
    refusal = sent.message if sent.message and not sent.message.thinking else await sent.wait_for_followup()
    assert refusal.ephemeral
    assert words in refusal.text
    assert (await queue.depth()).waiting == 0
    await server.world.changes.until(
        lambda: [one.id for one in server.messages() if not one.ephemeral] == [made.id] or None, 5, lambda: ""
    )


async def test_what_no_gpu_can_do_is_refused_before_anything_is_shown(server, client, worker, ann, made):
    form = await opened(server, ann, made)
    await worker.beat(about=worker.about.model_copy(update={"inpainting": False}))
    client.services.fleet.forget()
    sent = await server.submit_modal(ann, form, {"region": "middle"})
    assert (await sent.response()).type is Callback.MESSAGE
    assert "No GPU here can do this: inpainting" in sent.message.text


async def test_a_region_after_a_restart_when_the_queue_has_forgotten_the_job(
    server, bot, worker, ann, queue, raw, client
):
    asked = await server.slash(ann, "imagine", ASKED)
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    form = await opened(server, ann, shown)
    await bot.close()
    await forgotten_jobs(raw)
    await bot.start()
    await server.submit_modal(ann, form, {"region": "middle", "prompt": "a dog"})
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.steps, request.width) == ("a dog", 9, 128)
    assert raw.get(keys.picture_input(request.img2img.image)) == shown.files[0].data


async def forgotten_jobs(raw):
    for key in raw.keys("*job:*") + raw.keys("*image:*"):
        raw.delete(key)


async def test_words_for_a_part_may_have_alternatives_and_flags(server, worker, ann, queue, made):
    form = await opened(server, ann, made)
    await server.submit_modal(ann, form, {"region": "sky", "prompt": "{clouds|clouds} --no birds --steps 12"})
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.negative_prompt, request.steps) == ("clouds", "dogs, birds", 12)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--ar 16:9", "--ar can't be used here"), ("--style misty", "--style can't be used here"),
        ("--chaos 5", "chaos is Midjourney's"), ("__nothing__", "nothing"),
    ],
)  # fmt: skip
async def test_what_goes_with_no_part_is_refused_before_anything_is_shown(
    server, worker, ann, queue, made, flag, words
):
    form = await opened(server, ann, made)
    sent = await server.submit_modal(ann, form, {"region": "sky", "prompt": f"clouds {flag}"})
    assert (await sent.response()).type is Callback.MESSAGE
    assert words in sent.message.text
    assert (await queue.depth()).waiting == 0


@pytest.fixture(name="drawn")
async def _drawn(server, client, worker, ann, queue):
    """(a set of four with words of its own for each picture, these words)."""
    asked = await server.slash(ann, "imagine", ASKED | {"prompt": "a {red|blue|green|grey} cat", "count": 4})
    request, leased = await next_request(worker, queue)
    await worker.finish(leased)
    assert len(set(request.prompts)) > 1
    return await asked.wait_for(lambda shown: shown.attachments), request.prompts


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_of_drawn_words_a_zoomed_picture_keeps_its_own(server, worker, ann, queue, drawn, number):
    shown, words = drawn
    await more(server, ann, shown, Act.ZOOM_OUT, number)
    request, _ = await next_request(worker, queue)
    assert (request.all_prompts, request.template) == ((words[number - 1],), "")


@pytest.mark.parametrize("number", [2, 3])
async def test_of_drawn_words_a_larger_picture_keeps_its_own(server, worker, ann, queue, drawn, number):
    shown, words = drawn
    pressed = await use(server, ann, shown, Act.UPSCALE, number)
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    larger = await pressed.wait_for(lambda shown: shown.attachments)
    assert f"> {words[number - 1]}\n" in larger.text
    form = await opened(server, ann, larger)
    assert fields_of(form)["prompt"]["value"] == words[number - 1]
    await use(server, ann, larger, Act.VARY_SUBTLE, 1)
    request, _ = await next_request(worker, queue)
    assert request.all_prompts == (words[number - 1],)
    await use(server, ann, larger, Act.AGAIN)
    request, _ = await next_request(worker, queue)
    assert request.template == "a {red|blue|green|grey} cat"


# -- painted on a page ---------------------------------------------------------------------------------------------


async def test_without_a_public_address_no_page_is_offered(server, ann, made):
    offered = [option["value"] for option in fields_of(await opened(server, ann, made))["region"]["options"]]
    assert "paint" not in offered
    assert len(offered) == 11


async def invited(server, member, shown):
    """The message with the link to the page."""
    form = await opened(server, member, shown)
    sent = await server.submit_modal(member, form, {"region": "paint", "prompt": "a red sofa", "count": "3"})
    invitation = await sent.wait_for(lambda shown: not shown.thinking)
    assert invitation.ephemeral
    return invitation


def key_in(invitation):
    """Under which name the page of an invitation is kept."""
    *_, number, menu = CustomId.parse(invitation.buttons[1]["custom_id"]).args
    return painted_masks.key_of(menu, int(number))


async def test_a_mask_is_painted_on_a_page_and_used(server, client, worker, ann, queue, raw, made, public):
    invitation = await invited(server, ann, made)
    link, make = invitation.buttons
    assert link["url"].startswith(f"{PUBLIC}/masks/{key_in(invitation)}?expires=")
    page = await painted_masks.page_of(queue, key_in(invitation))
    assert (page.by, page.size, page.words["send"]) == (ann.id, (128, 192), "Done")
    with Image.open(io.BytesIO(page.picture)) as small:
        assert (small.format, small.size) == ("JPEG", (128, 192))

    early = await answer_of(await server.click(ann, invitation, make["custom_id"]))
    assert "Nothing has been painted yet" in early.text
    await painted_masks.keep_painted(queue, key_in(invitation), ann.id, mask((64, 96), (0, 0, 31, 95)).data)
    client.router._pressed.clear()
    await server.click(ann, invitation, make["custom_id"])
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.count) == ("a red sofa", 3)
    assert white_in(stored(raw, request.img2img.mask)) == (0, 0, 64, 192)


async def test_somebody_elses_mask_can_not_be_used(server, client, worker, ann, queue, made, public):
    invitation = await invited(server, ann, made)
    await painted_masks.keep_painted(queue, key_in(invitation), ann.id, mask().data)
    bob = server.add_member("bob")
    pressed = await server.press(bob, made, invitation.buttons[1]["custom_id"])
    assert "more than a day old" in (await answer_of(pressed)).text
    assert (await queue.depth()).waiting == 0


async def test_a_page_whose_time_is_over_says_so(server, client, worker, ann, raw, made, public):
    invitation = await invited(server, ann, made)
    for key in raw.keys("*record:mask:*"):
        raw.delete(key)
    told = await answer_of(await server.click(ann, invitation, "Make it"))
    assert "good for two hours, which are over" in told.text


async def test_a_new_form_for_a_picture_takes_back_what_was_painted(server, client, ann, queue, made, public):
    menu = await menu_of(server, ann, made)
    for _ in range(2):
        form = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["rg"])
        await form.response()
        sent = await server.submit_modal(ann, form, {"region": "paint"})
        invitation = await sent.wait_for(lambda shown: not shown.thinking)
        assert await painted_masks.painted(queue, key_in(invitation)) is None
        await painted_masks.keep_painted(queue, key_in(invitation), ann.id, mask().data)


async def test_a_picture_that_discord_does_not_hand_out_ends_in_one_sentence(server, client, ann, raw, made, public):
    form = await opened(server, ann, made)
    await forgotten_jobs(raw)
    del server.world.attachments[server.world.message(made.id).attachments[0].id]
    server.world.message(made.id).attachments.clear()
    sent = await server.submit_modal(ann, form, {"region": "paint"})
    assert "could not be fetched" in (await sent.wait_for(lambda shown: not shown.thinking)).text


# -- beyond the edges ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "size", "at"),
    [
        (Act.ZOOM_OUT, (192, 288), (32, 48)),
        (Act.ZOOM_OUT_FAR, (256, 384), (64, 96)),
        (Act.PAN_LEFT, (192, 192), (64, 0)),
        (Act.PAN_RIGHT, (192, 192), (0, 0)),
        (Act.PAN_UP, (128, 288), (0, 96)),
        (Act.PAN_DOWN, (128, 288), (0, 0)),
        (Act.SQUARE, (192, 192), (32, 0)),
    ],
)
async def test_a_picture_goes_on_beyond_its_edges_and_keeps_its_pixels(
    server, worker, ann, queue, raw, made, act, size, at
):
    await more(server, ann, made, act)
    request, _ = await next_request(worker, queue)
    assert ((request.width, request.height), request.prompt, request.hires) == (size, "a cat", None)
    canvas, painted = stored(raw, request.img2img.image), stored(raw, request.img2img.mask).convert("L")
    assert (canvas.size, painted.size) == (size, size)
    box = (*at, at[0] + 128, at[1] + 192)
    assert canvas.crop(box).tobytes() == picture().tobytes()
    kept = Image.new("L", size, 255)
    kept.paste(painted)
    black = kept.point(lambda value: 255 - value).getbbox()
    seam = [16 if edge else 0 for edge in (at[0], at[1], size[0] - box[2], size[1] - box[3])]
    assert black == (at[0] + seam[0], at[1] + seam[1], box[2] - seam[2], box[3] - seam[3])


async def test_what_is_around_looks_like_the_picture_and_not_like_nothing(server, worker, ann, queue, raw, made):
    await more(server, ann, made, Act.ZOOM_OUT)
    request, _ = await next_request(worker, queue)
    canvas = stored(raw, request.img2img.image)
    rim = canvas.crop((0, 0, 32, 288)).convert("L")
    low, most = rim.getextrema()
    assert most - low > 40  # noise to make details of
    mirrored = picture().crop((0, 48, 32, 144)).convert("L").resize((1, 1)).getpixel((0, 0))
    beside = canvas.crop((0, 96, 32, 192)).convert("L").resize((1, 1)).getpixel((0, 0))
    assert abs(mirrored - beside) < 30


async def test_a_large_picture_is_made_smaller_so_that_the_whole_keeps_to_what_is_possible(
    server, client, worker, ann, queue, raw
):
    asked = await server.slash(ann, "imagine", ASKED | {"width": 1536, "height": 1024})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    await more(server, ann, shown, Act.ZOOM_OUT_FAR)
    request, _ = await next_request(worker, queue)
    assert request.width % 8 == request.height % 8 == 0
    assert request.width * request.height <= 2048 * 1024
    assert abs(request.width / request.height - 1.5) < 0.02


async def test_what_the_gpus_can_not_do_so_large_is_done_smaller(server, client, worker, ann, queue, raw):
    await worker.beat(about=worker.about.model_copy(update={"max_side": 1024}))
    asked = await server.slash(ann, "imagine", ASKED | {"width": 1024, "height": 512})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    await more(server, ann, shown, Act.PAN_RIGHT)
    request, _ = await next_request(worker, queue)
    assert (request.width, request.height) == (1024, 344)


async def test_where_nobody_inpaints_zoom_is_refused_before_anything_is_shown(server, client, worker, ann, made):
    await worker.beat(about=worker.about.model_copy(update={"inpainting": False}))
    client.services.fleet.forget()
    pressed = await more(server, ann, made, Act.ZOOM_OUT)
    assert (await pressed.response()).type is Callback.MESSAGE
    assert "No GPU here can do this: inpainting" in pressed.message.text


async def test_a_picture_that_is_nowhere_any_more_is_refused_before_anything_is_shown(server, client, ann, raw, made):
    menu = await menu_of(server, ann, made)
    key = menu.selects[-1]["custom_id"].split(":")[-1]
    kept = await client.services.queue.documents.get("menu", key)
    await client.services.queue.documents.put("menu", key, kept | {"pictures": []})
    for image in raw.keys("*image:*"):
        raw.delete(image)
    pressed = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["zo"])
    assert (await pressed.response()).type is Callback.MESSAGE
    assert "no longer stored" in pressed.message.text


async def test_a_picture_that_discord_deleted_meanwhile_ends_in_one_sentence(server, worker, ann, queue, raw, made):
    menu = await menu_of(server, ann, made)
    for image in raw.keys("*image:*"):
        raw.delete(image)
    del server.world.attachments[server.world.message(made.id).attachments[0].id]
    server.world.message(made.id).attachments.clear()
    pressed = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["zo"])
    assert "could not be fetched" in (await pressed.wait_for_followup()).text
    assert (await queue.depth()).waiting == 0


async def test_again_under_a_wider_picture_paints_the_same_canvas_anew(server, worker, ann, queue, made):
    pressed = await more(server, ann, made, Act.PAN_LEFT)
    first, leased = await next_request(worker, queue)
    await worker.finish(leased)
    shown = await pressed.wait_for(lambda shown: shown.attachments)
    assert f"-# <@{ann.id}>'s extension" in shown.text
    await server.click(ann, shown, "Again")
    second, _ = await next_request(worker, queue)
    assert (second.img2img, second.width) == (first.img2img, first.width)
    assert second.seed != first.seed
