"""What a look at a WebUI finds, and why it can't be used when it can't."""

from __future__ import annotations

import ssl

import pytest
import trustme
from aiohttp import web
from pydantic import SecretStr

from loopback.webui import ScriptedWebUI, with_special
from zosma_queue.fleet import Scheduler, Style
from zosma_worker.errors import WebUIBusy, WebUIError, WebUINotSetUp, WebUIUnreachable
from zosma_worker.settings import Address
from zosma_worker.webui.backend import A1111Backend
from zosma_worker.webui.client import Client, progress_of
from zosma_worker.webui.foreign_work import ForeignWork
from zosma_worker.webui.probe import loaded_of, probe

MODELS = "/sdapi/v1/sd-models"
OPTIONS = "/sdapi/v1/options"


async def look(webui: ScriptedWebUI, auth: str | None = None):
    async with webui, Client(Address(webui.url, SecretStr(auth) if auth else None)) as client:
        return await probe(client)


async def reason(webui: ScriptedWebUI, auth: str | None = None) -> WebUIError:
    with pytest.raises(WebUIError) as error:
        await look(webui, auth)
    assert webui.url in str(error.value)
    return error.value


LORAS = [
    {"name": "lighthouses_v2", "alias": "lighthouses", "path": "x"},
    {"name": "cats", "alias": "cats", "path": "y"},
]


async def test_a_lora_with_an_alias_is_one_lora_known_by_both():
    found = await look(with_special("/sdapi/v1/loras", 200, LORAS))

    assert found.about.loras == ("lighthouses_v2", "cats")
    assert found.about.lora_aliases == {"lighthouses": "lighthouses_v2"}
    assert "lora:lighthouses" in found.about.tokens()


async def test_lists_of_other_shapes_are_as_good_as_none():
    webui = with_special("/sdapi/v1/loras", 200, {"error": "no such thing"})
    webui.special["/sdapi/v1/prompt-styles"] = webui.special["/sdapi/v1/loras"]

    about = (await look(webui)).about

    assert (about.loras, about.styles) == ((), ())


async def test_entries_of_other_shapes_are_left_out_or_called_by_their_name():
    webui = with_special("/sdapi/v1/schedulers", 200, [{"name": "karras", "label": 7}, {"name": ["x"]}, "exponential"])
    styles = [{"name": "misty", "prompt": {"a": 1}, "negative_prompt": "fog"}, {"name": "empty", "prompt": 7}]
    webui.special["/sdapi/v1/prompt-styles"] = with_special("/sdapi/v1/prompt-styles", 200, styles).special[
        "/sdapi/v1/prompt-styles"
    ]

    about = (await look(webui)).about

    assert about.schedulers == (Scheduler(name="karras", label="karras"),)
    assert about.styles == (Style(name="misty", negative_prompt="fog"),)


async def test_lists_of_names_alone_are_read_too():
    webui = with_special(MODELS, 200, ["sd15/dream.safetensors", "anime", ""])
    webui.special["/sdapi/v1/samplers"] = with_special("/x", 200, ["Euler", 7, "Euler a"]).special["/x"]

    about = (await look(webui)).about

    assert [(one.name, one.title) for one in about.checkpoints] == [
        ("dream", "sd15/dream.safetensors"),
        ("anime", "anime"),
    ]
    assert about.samplers == ("Euler", "Euler a")


async def test_a_checkpoint_without_a_name_is_left_out():
    listed = [{"title": " ", "model_name": ""}, {"title": "dream.safetensors", "model_name": "dream"}]

    about = (await look(with_special("/sdapi/v1/sd-models", 200, listed))).about

    assert [one.name for one in about.checkpoints] == ["dream"]


async def test_progress_beyond_all_numbers_is_as_good_as_none():
    told = with_special("/sdapi/v1/progress", 200, {"progress": 10**400, "eta_relative": -(10**400), "state": 5})

    async with told, Client(Address(told.url)) as client:
        progress = await client.progress(image=False)

    assert progress is not None
    assert (progress.fraction, progress.eta_s, progress.idle) == (0.0, None, True)


@pytest.mark.parametrize(
    ("fraction", "jobs", "told"),
    [(1.0, 0, (0.0, True)), (0.0, 1, (0.0, False)), (0.01, -1, (0.01, False)), (0.5, None, (0.5, False))],
)
def test_a_webui_without_a_job_is_idle_whatever_it_still_tells_of_the_last_one(fraction, jobs, told):
    progress = progress_of({"progress": fraction, "state": {"job_count": jobs, "sampling_step": 20}})

    assert (progress.fraction, progress.idle) == told


async def test_what_stays_as_our_job_has_left_it_is_nobody_elses_work():
    webui = ScriptedWebUI()
    webui.progress = {"progress": 0.4, "state": {"job_count": 1, "sampling_step": 8, "job_timestamp": "1"}}
    async with webui, Client(webui.address) as client:
        work = ForeignWork(client)
        assert await work.busy()

        work.note_own_end()
        assert [await work.busy(), await work.busy()] == [False, False]

        webui.progress = {"progress": 0.4, "state": {"job_count": 1, "sampling_step": 8, "job_timestamp": "2"}}
        assert await work.busy()


async def test_a_worker_that_comes_anew_finds_out_that_what_an_sdnext_still_tells_of_is_over(monkeypatch):
    webui = ScriptedWebUI()
    webui.progress = {"progress": 0.4, "state": {"job_count": 1, "sampling_step": 8, "job_timestamp": "1"}}
    async with webui, Client(webui.address) as client:
        work = ForeignWork(client)
        assert await work.busy(tells_of_ended=True)

        monkeypatch.setattr("zosma_worker.webui.foreign_work.ENDED_S", 0.0)
        assert await work.busy()  # an A1111 would not tell of it
        assert [await work.busy(tells_of_ended=True), await work.busy(tells_of_ended=True)] == [False, False]

        monkeypatch.undo()
        webui.progress["state"]["sampling_step"] = 9
        assert await work.busy(tells_of_ended=True)


async def test_an_a1111_with_all_it_has():
    found = await look(ScriptedWebUI())

    about = found.about
    assert (about.flavour, about.version, about.hires, found.loaded) == ("a1111", None, True, "dream")
    assert [one.name for one in about.checkpoints] == ["dream", "anime"]
    assert about.samplers == ("DPM++ 2M", "Euler a")
    assert about.schedulers == (Scheduler(name="karras", label="Karras"),)
    assert about.upscalers == ("Latent", "Lanczos")


@pytest.mark.parametrize(
    "told", ["anime", "anime.safetensors", "ANIME", "anime.safetensors [0123456789]", "0123456789"]
)
async def test_the_loaded_checkpoint_is_known_by_any_of_its_names(told):
    webui = with_special(MODELS, 200, [
        {"title": "dream.safetensors", "model_name": "dream", "hash": None},
        {"title": "anime.safetensors [0123456789]", "model_name": "anime", "hash": "0123456789"},
    ])  # fmt: skip
    webui.options["sd_model_checkpoint"] = told

    assert (await look(webui)).loaded == "anime"


def test_what_is_loaded_may_be_unknown():
    assert loaded_of({"sd_model_checkpoint": None}, ()) is None
    assert loaded_of({"sd_model_checkpoint": "gone"}, ()) is None
    assert loaded_of({}, ()) is None


@pytest.mark.parametrize(
    ("path", "body", "options", "flavour", "version"),
    [
        ("/x", {}, {"forge_preset": "sd"}, "forge", None),
        ("/sdapi/v1/version", {"updated": "2026-08-01"}, {}, "sdnext", "2026-08-01"),
        ("/sdcpp/v1/capabilities", {}, {}, "sdcpp", None),
        ("/api/extra/version", {"result": "KoboldCpp", "version": "1.76"}, {}, "koboldcpp", "1.76"),
    ],
)
async def test_other_servers_are_known_by_their_fingerprints(path, body, options, flavour, version):
    webui = with_special(path, 200, body)
    webui.options |= options

    found = await look(webui)

    assert (found.about.flavour, found.about.version, type(found.flavour).name) == (flavour, version, flavour)


async def test_a_server_without_schedulers_or_upscalers_can_be_used():
    webui = with_special("/sdapi/v1/schedulers", 404, {"detail": "Not Found"})

    assert (await look(webui)).about.schedulers == ()


async def test_options_that_fail_don_t_matter():
    found = await look(with_special(OPTIONS, 500, {"error": "ValidationError"}))

    assert (found.loaded, found.about.clip_skip) == (None, True)


async def test_the_login_is_sent():
    assert (await look(ScriptedWebUI(auth="ann:pässword"), "ann:pässword")).loaded == "dream"


@pytest.mark.parametrize("auth", [None, "ann:wrong"])
async def test_a_wrong_login_is_told_with_its_fix(auth):
    error = await reason(ScriptedWebUI(auth="ann:right"), auth)

    assert isinstance(error, WebUINotSetUp)
    assert "set SD_API_AUTH=user:password" in str(error)
    assert "wrong" not in str(error)


def without_api(body=None) -> ScriptedWebUI:
    """A WebUI that has no address of the API, or another server's API."""
    webui = with_special(OPTIONS, 404, body or {"detail": "Not Found"})
    webui.special[MODELS] = webui.special[OPTIONS]
    return webui


async def test_an_api_that_is_off_is_told_with_its_fix():
    error = await reason(without_api())

    assert "its API is off: start the WebUI with --api" in str(error)


@pytest.mark.parametrize(
    ("code", "html"), [(404, "<h1>nginx</h1>"), (301, ""), (200, "<h1>It works</h1>"), (200, '{"hello": 1}')]
)
async def test_something_else_is_told_to_be_no_webui(code, html):
    webui = with_special(OPTIONS, code, html=html)
    webui.special[MODELS] = webui.special[OPTIONS]

    assert "is not a Stable Diffusion WebUI" in str(await reason(webui))


async def test_another_servers_api_is_told_to_be_no_webui_with_its_own_word():
    error = await reason(without_api({"error": "Invalid request: path unknown", "error_id": "bad_request"}))

    assert isinstance(error, WebUINotSetUp)
    assert "(it answers 404: Invalid request: path unknown): check SD_API_HOST" in str(error)


@pytest.mark.parametrize(
    ("location", "fix"),
    [
        ("https://sd.example.org/sdapi/v1/sd-models?x=1", "write https://sd.example.org into SD_API_HOST"),
        ("/sd/sdapi/v1/sd-models", "/sd into SD_API_HOST"),
        ("/login?next=%2Fsdapi", "SD_API_HOST must name the WebUI itself, not a login page"),
        ("https://user:word@team.example.org/login?token=t", "https://team.example.org/login (308)"),
        ("http://[", "SD_API_HOST must name the WebUI itself"),
    ],
)
async def test_where_a_proxy_sends_on_to_is_told_with_what_to_write(location, fix):
    webui = ScriptedWebUI()

    async def on(request):
        return web.Response(status=308, headers={"Location": location})

    webui.special[MODELS] = on
    error = await reason(webui)

    assert isinstance(error, WebUINotSetUp)
    assert fix in str(error)
    assert not any(secret in str(error) for secret in ("token", "word@"))


async def test_a_webui_without_checkpoints_is_told_where_to_put_one():
    assert "models/Stable-diffusion" in str(await reason(with_special(MODELS, 200, [])))


async def test_a_webui_that_starts_is_told_to_be_starting():
    assert isinstance(await reason(with_special(MODELS, 503, html="<h1>503</h1>")), WebUIBusy)


async def test_nobody_there_is_told_as_such():
    webui = ScriptedWebUI()
    async with webui:
        address = webui.address

    async with Client(address) as client:
        with pytest.raises(WebUIUnreachable, match="doesn't answer"):
            await probe(client)


async def test_https_to_a_server_without_tls_is_told_with_its_fix():
    async with ScriptedWebUI() as webui, Client(Address(webui.url.replace("http", "https"))) as client:
        with pytest.raises(WebUINotSetUp, match="write http:// instead of https://"):
            await probe(client)


async def test_a_certificate_that_nobody_vouches_for_is_told_with_its_fix(tmp_path):
    alone = trustme.CA()  # its own certificate is one that only it has signed
    alone.cert_pem.write_to_path(tmp_path / "cert.pem")
    alone.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    webui = ScriptedWebUI()
    webui.tls = context

    async with webui, Client(Address(webui.url)) as client:
        with pytest.raises(WebUINotSetUp, match=r"certificate that is not accepted \(self.signed.*SSL_CERT_FILE"):
            await probe(client)


async def test_a_port_without_its_api_may_be_starting_for_a_minute():
    now = 0.0
    webui = without_api()
    async with webui, Client(webui.address) as client:
        backend = A1111Backend(client, clock=lambda: now)
        with pytest.raises(WebUIBusy, match="wait if it is starting, else start the WebUI with --api"):
            await backend.probe()
        now = 59.0
        with pytest.raises(WebUIBusy):
            await backend.probe()
        now = 60.0
        with pytest.raises(WebUINotSetUp, match="its API is off: start the WebUI with --api"):
            await backend.probe()

        webui.special.clear()
        assert (await backend.probe()).loaded == "dream"


async def test_a_server_without_options_is_there_as_long_as_anything_answers():
    async with with_special(OPTIONS, 404, {"detail": "Not Found"}) as webui, Client(webui.address) as client:
        with pytest.raises(WebUINotSetUp):
            await client.options()
        client.has_options = False
        assert await client.options() == {}

        await webui.stop()
        with pytest.raises(WebUIUnreachable):
            await client.options()
