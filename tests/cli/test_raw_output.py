"""What the processes under `zosma up` and `zosma demo` say, as their operator's terminal gets it."""

from __future__ import annotations

import asyncio
import contextlib
import io

import pytest

from zosma_cli.processes import LINE_MAX, ChildEndedError, child

#: Runs before the command itself, as a library that writes what strangers sent without asking any log.
SAYS = r"""
import os
os.write({stream}, {said!r})
"""


async def shown(tmp_path, said, *, stream=2):
    (tmp_path / "sitecustomize.py").write_text(SAYS.format(stream=stream, said=said))
    out = io.BytesIO()
    async with child("bot", "--help", env={"PYTHONPATH": str(tmp_path)}, log=out) as running:
        with contextlib.suppress(ChildEndedError):
            async with asyncio.timeout(30):
                await running.ended()
    return out.getvalue()


@pytest.mark.parametrize("stream", [1, 2])
async def test_raw_text_of_a_library_moves_no_cursor(tmp_path, stream):
    text = await shown(tmp_path, b"warned of \x1b[2J and \xc2\x9b1A\xff\nnext \xe7\x8c\xab\r\n", stream=stream)
    assert text.decode().splitlines()[:2] == [r"warned of \x1b[2J and \x9b1A" + "\ufffd", "next 猫"]
    assert b"\x1b" not in text


async def test_what_has_no_end_of_a_line_is_passed_on_too(tmp_path):
    assert b"\\x1b" in await shown(tmp_path, b"a" * (2 * LINE_MAX) + b"\x1b", stream=2)


async def test_the_last_words_name_what_was_the_matter(tmp_path):
    said = b"zosma: no \x1b[2J disk\n"
    (tmp_path / "sitecustomize.py").write_text(SAYS.format(stream=2, said=said) + "os._exit(1)\n")
    async with child("bot", "--help", env={"PYTHONPATH": str(tmp_path)}, log=io.BytesIO()) as running:
        with pytest.raises(ChildEndedError, match=r"ended: no \\x1b\[2J disk"):
            await running.ended()
