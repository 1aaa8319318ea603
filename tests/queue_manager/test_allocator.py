"""Memory that is freed goes back to the system, as the C library doesn't by itself."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from zosma_queue.allocator import give_freed_memory_back

MB = 1 << 20
#: What is measured is how glibc keeps memory: with musl, on macOS and Windows there is neither fault nor setting.
on_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc",
    reason="this Python runs on another C library than glibc, which alone keeps what its threads have freed",
)
#: Large blocks with small ones behind them that stay, in threads of their own: as bodies, and what is made of them.
CHILD = """
import os, sys, threading
from zosma_queue.allocator import give_freed_memory_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

if sys.argv[1] == "set":
    assert give_freed_memory_back()
stays = []

def handle():
    for _ in range(4):
        large = b"x" * (12 << 20)
        stays.append(b"y" * 4_000)
        other = b"z" * (9 << 20)
        stays.append(b"y" * 4_000)
        del large, other

before = resident()
threads = [threading.Thread(target=handle) for _ in range(6)]
b"x" * (16 << 20)
for thread in threads: thread.start()
for thread in threads: thread.join()
print(resident() - before)
"""


def kept(how):
    ran = subprocess.run([sys.executable, "-c", CHILD, how], capture_output=True, check=True, timeout=60)
    return int(ran.stdout)


@on_glibc
def test_what_large_blocks_took_is_given_back():
    assert kept("set") < 4 * MB


@on_glibc
def test_without_it_tens_of_megabytes_stay():
    assert kept("unset") > 8 * MB


def test_other_systems_do_without(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not give_freed_memory_back()
