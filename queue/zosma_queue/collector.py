"""Python's collector of reference cycles while a process starts.

What is imported and set up stays until the end. To look through it again and again while it is being made takes a
tenth of a start, and each full collection later a pause of the event loop.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_resting() -> Iterator[None]:
    """Nothing is collected in the block, and what it leaves behind is never looked through again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
