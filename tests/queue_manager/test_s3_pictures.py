"""A bucket as a store of pictures: what it keeps, and what is said of it when it can't."""

from __future__ import annotations

import asyncio
import re
import ssl
import sys

import pytest
import trustme
from aiohttp import web

from loopback.s3 import ACCESS_DENIED, BUCKET, KEY, SECRET, SLOW_DOWN, half, reset, s3_on_loopback, said, silence
from zosma_queue import s3_pictures
from zosma_queue.errors import SettingsError, StoreRefusesError, StoreUnavailableError
from zosma_queue.s3_pictures import S3Pictures, check_bucket
from zosma_queue.settings import Settings, read

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
#: A test that waits for an answer in vain does so for no longer.
SOON_S = 0.3


@pytest.fixture(name="store")
def _store(s3):
    return S3Pictures(s3.bucket())


async def test_what_is_put_is_got_and_what_was_dropped_is_not_there(store, s3):
    await store.put("a:1:0", PNG)
    await store.put("a~2:1:0", b"second")

    assert await store.get(["a:1:0", "a:1:1", "a~2:1:0"]) == [PNG, None, b"second"]
    assert await s3.objects() == ["zosma/a/1/0", "zosma/a~2/1/0"]
    await store.drop(["a:1:0", "nobody:1:0"])
    assert await store.get(["a:1:0"]) == [None]
    assert await s3.objects() == ["zosma/a~2/1/0"]


async def test_an_object_larger_than_any_picture_fills_no_memory(store, monkeypatch, caplog):
    await store.put("a:1:0", PNG)
    monkeypatch.setattr(s3_pictures, "OBJECT_MAX_BYTES", len(PNG) - 1)

    assert await store.get(["a:1:0"]) == [None]
    assert f"an object of {len(PNG)} bytes is no picture" in caplog.text
    monkeypatch.setattr(s3_pictures, "OBJECT_MAX_BYTES", len(PNG))
    assert await store.get(["a:1:0"]) == [PNG]


async def test_an_id_with_slashes_dots_and_percents_leaves_neither_the_prefix_nor_its_own_place(store, s3):
    ids = ["../../up", "a/b", "a%2Fb", "ü & ?#", "..", "."]
    for job_id in ids:
        await store.put(f"{job_id}:1:0", job_id.encode())

    assert await store.get([f"{job_id}:1:0" for job_id in ids]) == [job_id.encode() for job_id in ids]
    assert all(one.startswith("zosma/") and one.count("/") == 3 for one in await s3.objects())
    found = [where for chunk in [chunk async for chunk in store.stored()] for where, _ in chunk]
    assert sorted(found) == sorted(f"{job_id}:1:0" for job_id in ids)


async def test_another_object_of_the_bucket_is_no_picture(store, s3):
    await store.mark()
    await store.put("a:1:0", PNG)

    assert [where for chunk in [chunk async for chunk in store.stored()] for where, _ in chunk] == ["a:1:0"]


async def test_two_of_one_name_on_two_servers_have_two_marks_and_one_keeps_its_own(store, s3):
    assert await store.marked() == ""
    mark = await store.mark()
    assert (await store.mark(), await store.marked()) == (mark, mark)
    await s3.empty()
    await s3.create(BUCKET)
    assert await store.mark() != mark


async def test_all_that_mark_a_bucket_at_the_same_time_mean_the_same(s3):
    marks = await asyncio.gather(*(S3Pictures(s3.bucket()).mark() for _ in range(8)))

    assert len(set(marks)) == 1


async def test_a_server_that_knows_no_conditions_is_marked_all_the_same(store, s3):
    async def without_conditions(request):
        refuses = "If-None-Match" in request.headers
        return await (said(501, "NotImplemented") if refuses else s3.passed_on)(request)

    s3.fault, s3.on = without_conditions, "PUT"

    assert await store.mark() == await store.marked()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (SLOW_DOWN, "the store says SlowDown"),
        (said(500, "InternalError"), "the store says InternalError"),
        (reset, "can't be reached"),
        (silence, "can't be reached"),
        (half, "can't be reached"),
    ],
    ids=["slow-down", "500", "reset", "silence", "half"],
)
async def test_what_may_pass_by_itself_is_told_in_one_line(store, s3, fault, told):
    await store.put("a:1:0", PNG)
    s3.fault = fault
    asked = S3Pictures(s3.bucket(), request_s=SOON_S) if fault is silence else store

    with pytest.raises(StoreUnavailableError, match=told) as read:
        await asked.get(["a:1:0"])
    assert not isinstance(read.value, StoreRefusesError)
    if fault is not half:  # a body that nobody reads
        with pytest.raises(StoreUnavailableError, match=told):
            await asked.put("a:1:1", PNG)
    assert "\n" not in str(read.value)
    assert len(str(read.value)) < 250
    s3.fault = None
    assert await store.get(["a:1:0"]) == [PNG]


async def test_one_503_is_not_worth_a_word(store, s3):
    async def once(request):
        s3.fault = None
        return await SLOW_DOWN(request)

    s3.fault = once
    await store.put("a:1:0", PNG)
    s3.fault = once
    assert await store.get(["a:1:0"]) == [PNG]


async def test_a_bucket_that_is_ours_passes_and_keeps_nothing_of_the_look(store, s3):
    await store.check_writing()
    await store.check_reading()

    assert await s3.objects() == []


CHECKS = pytest.mark.parametrize("check", [S3Pictures.check_reading, S3Pictures.check_writing])


@CHECKS
async def test_a_missing_bucket_and_a_wrong_key_are_told_with_what_mends_them(s3, check):
    with pytest.raises(StoreRefusesError, match="NoSuchBucket: there is no such bucket: create it"):
        await check(S3Pictures(s3.bucket(name="nobody")))
    with pytest.raises(StoreRefusesError, match="AWS_ACCESS_KEY_ID is not known there") as refused:
        await check(S3Pictures(s3.bucket(key="AKIDOTHER")))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("reads", [True, False], ids=["bot", "worker"])
async def test_a_process_with_a_wrong_key_does_not_start_and_says_why(s3, reads):
    login = {"AWS_ACCESS_KEY_ID": "AKIDOTHER", "AWS_SECRET_ACCESS_KEY": SECRET}
    with pytest.raises(SettingsError, match=r"^RESULTS_URL: s3://pictures/zosma at .*: correct it$") as refused:
        await asyncio.to_thread(check_bucket, settings(s3.url, **login), reads=reads)
    assert SECRET not in str(refused.value)


async def test_an_answer_that_nobody_asked_for_is_an_error_of_ours_and_no_panic(store, s3):
    async def strange(_):
        body = "<DeleteResult><Error><Key>of-nobody</Key><Code>X</Code><Message>no</Message></Error></DeleteResult>"
        return web.Response(text=body, content_type="application/xml")

    s3.fault, s3.on = strange, "POST"
    with pytest.raises(StoreUnavailableError):
        await store.drop(["a:1:0"])


async def test_what_may_be_stored_and_not_deleted_is_told_at_the_start(store, s3):
    async def refused(request):
        key = re.findall(r"<Key>.*?</Key>", await request.text())[-1]
        error = f"<Error>{key}<Code>AccessDenied</Code><Message>no</Message></Error>"
        return web.Response(text=f"<DeleteResult>{error}</DeleteResult>", content_type="application/xml")

    s3.fault, s3.on = refused, "POST"
    with pytest.raises(StoreRefusesError, match="AccessDenied"):
        await store.check_writing()
    with pytest.raises(StoreRefusesError, match="AccessDenied"):
        await store.drop(["a:1:0", "b:1:0"])


@CHECKS
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ACCESS_DENIED, "AccessDenied: the key may not do this"),
        (said(403, "SignatureDoesNotMatch"), "AWS_SECRET_ACCESS_KEY doesn't fit"),
        (said(403, "RequestTimeTooSkewed"), "clock"),
        (said(400, "AuthorizationHeaderMalformed"), "another region"),
        (said(301, "PermanentRedirect"), "another region"),
    ],
    ids=["rights", "secret", "clock", "region", "redirect"],
)
async def test_what_no_wait_mends_is_a_refusal(store, s3, check, fault, told):
    s3.fault = fault

    with pytest.raises(StoreRefusesError, match=told):
        await check(store)
    with pytest.raises(StoreRefusesError, match=told):
        await store.get(["a:1:0"])


async def test_a_bucket_that_goes_away_is_no_picture_that_is_gone(store, s3):
    await store.put("a:1:0", PNG)
    await s3.empty()

    with pytest.raises(StoreRefusesError, match="NoSuchBucket"):
        await store.get(["a:1:0"])
    with pytest.raises(StoreRefusesError, match="NoSuchBucket"):
        await store.put("a:1:0", PNG)


# -- settings ---------------------------------------------------------------------------------------------------


def settings(url, **more):
    return read(Settings, {"RESULTS_URL": url, **more})


@pytest.mark.parametrize("given", [{}, {"RESULTS_URL": ""}, {"RESULTS_URL": "redis"}])
def test_without_a_bucket_pictures_are_in_redis(given):
    assert read(Settings, given).results is None


def test_a_bucket_is_read_whole():
    found = settings(
        "s3://pics/zosma/eu?endpoint=https://s3.example.org:9000/&region=auto",
        AWS_ACCESS_KEY_ID=KEY,
        AWS_SECRET_ACCESS_KEY=SECRET,
    ).results

    assert (found.name, found.endpoint, found.region) == ("s3://pics/zosma/eu", "https://s3.example.org:9000", "auto")
    assert found.credentials.secret_access_key.get_secret_value() == SECRET
    assert SECRET not in repr(found)
    assert SECRET not in found.shown


def test_the_usual_prefix_region_and_server():
    found = settings("s3://pics").results

    assert (found.name, found.endpoint, found.region) == ("s3://pics/zosma", None, "us-east-1")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3", "must be redis, or look like s3://"),
        ("s3://", "must be redis, or look like s3://"),
        ("redis://127.0.0.1:6379/1", "must be redis, or look like s3://"),
        ("https://s3.example.org/pics", "must be redis, or look like s3://"),
        ("s3://Upper_Case/x", "must be redis, or look like s3://"),
        ("s3://pics:9000/x", "must be redis, or look like s3://"),
        ("s3://pics/x#y", "must be redis, or look like s3://"),
        ("s3://AKID:hunter2@pics/x", "holds a login"),
        ("s3://pics/a/../b", "prefix"),
        ("s3://pics/a b", "prefix"),
        ("s3://pics?endpoint=minio:9000", "endpoint"),
        ("s3://pics?endpoint=http://u:hunter2@minio:9000", "endpoint"),
        ("s3://pics?secret=hunter2", r"has \?secret, which can't be set here"),
        ("s3://pics?region=a&region=b", r"has \?region, which can't be set here"),
        ("s3://pics?region=%C3%BC", "region"),
        ("s3://pics?ssl_ca_certs=/no/such/file", "ssl_ca_certs"),
    ],
)
def test_a_url_that_is_none_is_refused_and_nothing_of_it_shown(url, told):
    [error] = settings(url)

    assert str(error).startswith("RESULTS_URL=(hidden) is wrong: ")
    with pytest.raises(SettingsError, match=told):
        raise error
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("only", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_a_login_is_refused_where_there_is_a_bucket_and_no_matter_of_ours_elsewhere(only):
    [error] = settings("s3://pics", **{only: SECRET})

    assert f"{only} is set without AWS_" in str(error)
    assert SECRET not in str(error)
    assert settings("redis", **{only: SECRET}).results is None


def test_without_what_speaks_s3_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)

    with pytest.raises(SettingsError, match=r"pip install 'zosma\[s3\]'"):
        check_bucket(settings("s3://pics"), reads=True)


def test_a_server_that_is_not_there_is_waited_for(caplog):
    login = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    check_bucket(settings("s3://pics?endpoint=http://127.0.0.1:1", **login), reads=True)

    assert "can't be reached" in caplog.text
    assert "pictures wait until it answers" in caplog.text
    assert SECRET not in caplog.text


# -- TLS --------------------------------------------------------------------------------------------------------


async def test_tls_is_held_to_the_authority_that_is_named(moto_url, tmp_path):
    authority, stranger = trustme.CA(), trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with s3_on_loopback(moto_url, tls) as s3:
        for name, ca in (("ours", authority), ("another", stranger)):
            ca.cert_pem.write_to_path(str(tmp_path / name))
        login = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

        def of(name):
            return S3Pictures(settings(f"{s3.url}&ssl_ca_certs={tmp_path / name}", **login).results)

        await of("ours").put("a:1:0", PNG)
        with pytest.raises(StoreUnavailableError, match="can't be reached"):
            await of("another").put("a:1:0", PNG)


@pytest.mark.parametrize(
    "pem",
    ["", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["empty", "junk", "broken"],
)
def test_certificates_that_are_none_end_the_start_with_one_line(tmp_path, pem):
    (tmp_path / "ca").write_text(pem)
    found = settings(f"s3://pics?endpoint=https://127.0.0.1:1&ssl_ca_certs={tmp_path / 'ca'}")

    with pytest.raises(SettingsError, match="ssl_ca_certs"):
        check_bucket(found, reads=True)
