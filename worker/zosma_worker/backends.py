"""Which kind of back end is driven: the one module that knows the implementations."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from zosma_worker.backend import Backend
from zosma_worker.settings import Address
from zosma_worker.webui.backend import a1111_backend


def open_backend(address: Address) -> AbstractAsyncContextManager[Backend]:
    """The back end at an address, which need not answer yet. A second kind is chosen here."""
    return a1111_backend(address)
