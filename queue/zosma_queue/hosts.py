"""Names of hosts. Inside a container `127.0.0.1` is the container, and not the machine around it."""

from __future__ import annotations

import ipaddress
import logging
import os
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

#: Our images set it. Other containers may well hold the whole system, as a development container does.
_VARIABLE = "ZOSMA_IMAGE"


def is_loopback(host: str) -> bool:
    """True when only this machine can reach an address of that name."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # A server for both kinds of addresses sees those of IPv4 as ::ffff:127.0.0.1.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def in_image() -> bool:
    """True in one of our images, where nobody but this process answers on loopback."""
    return bool(os.environ.get(_VARIABLE))


def say_if_inside(variable: str, url: str) -> None:
    """One warning when a setting's `scheme://host:port` leads to the container itself; none outside of one."""
    if in_image() and is_loopback(urlsplit(url).hostname or ""):
        log.warning(
            "%s leads to %s, which in a container is the container itself. Write host.docker.internal for the machine"
            " around it (on Linux with --add-host=host.docker.internal:host-gateway), or run it with --network host",
            variable, url,
        )  # fmt: skip
