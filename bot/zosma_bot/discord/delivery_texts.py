"""What members read of deliveries. To be moved into the catalogue of texts."""

from __future__ import annotations

from collections.abc import Sequence

from zosma_bot.discord.texts import plain

REASON_SHOWN_CHARS = 200


def originals(urls: Sequence[str]) -> str:
    """Links to pictures as they were made, under a message that shows them smaller."""
    if len(urls) == 1:
        return f"original: <{urls[0]}>"
    links = " · ".join(f"[{number}](<{url}>)" for number, url in enumerate(urls, start=1))
    return f"originals: {links}"


def hidden_by_classifier(blocked: int, total: int, reasons: Sequence[str]) -> str:
    """Pictures that the server's image check keeps back, and why."""
    known = ", ".join(dict.fromkeys(plain(reason, REASON_SHOWN_CHARS) for reason in reasons if reason.strip()))
    why = f" ({known})" if known else ""
    if total == 1:
        return f"⚠️ The picture is not shown: this server's image check refuses it{why}.\n"
    if blocked == total:
        return f"⚠️ The pictures are not shown: this server's image check refuses them{why}.\n"
    return f"⚠️ {blocked} of {total} pictures are not shown: this server's image check refuses them{why}.\n"
