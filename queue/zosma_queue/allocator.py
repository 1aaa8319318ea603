"""What the C library does with memory that is freed: by itself, it keeps much of it.

glibc gives every thread a heap of its own, and after the first large block that is freed it also cuts blocks of that
size from those heaps, which shrink from their ends only. A process that handles bodies and pictures of megabytes in
threads keeps hundreds of megabytes that way. Other C libraries and systems do without.
"""

from __future__ import annotations

import ctypes
import sys

# From malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
#: Blocks from this size on are mapped by themselves, and go back to the system as soon as they are freed.
MAPPED_FROM_BYTES = 256 * 1024
#: So much may lie free at the end of a heap.
FREE_AT_END_BYTES = 1024 * 1024
#: Heaps. Python's own lock lets one thread at a time allocate, except for those that run in a library's C code.
HEAPS = 2


def give_freed_memory_back(mapped_from: int = MAPPED_FROM_BYTES, free_at_end: int = FREE_AT_END_BYTES) -> bool:
    """Has this process give large blocks back to the system when they are freed. Call it before there are threads.

    Both are bytes. A block that is mapped anew costs 0.2 ms a megabyte, so a process that handles few at a time may
    keep some. False where the C library has no such setting.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    settings = {_M_MMAP_THRESHOLD: mapped_from, _M_TRIM_THRESHOLD: free_at_end, _M_ARENA_MAX: HEAPS}
    taken = [mallopt(setting, value) == 1 for setting, value in settings.items()]
    return all(taken)
