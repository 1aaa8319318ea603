"""Rate limits as Discord tells and enforces them: a bucket per route and major parameter, and one for all."""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from loopback.discord.rest.call import Json

Key = tuple[str, str]

#: (method, path template) -> (requests, seconds). Discord publishes no table; these are what its headers say.
LIMITS: dict[Key, tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): (5, 5.0),
    ("POST", "/channels/{channel_id}/typing"): (5, 5.0),
}
OTHERWISE = (50, 1.0)
#: Requests per second over everything, except interaction callbacks and webhooks, which are not the bot's.
GLOBAL = (50, 1.0)
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")


@dataclass
class Window:
    """A fixed window: it opens with its first request and lets `limit` through until it closes."""

    limit: int
    seconds: float
    opened: float = -math.inf
    used: int = 0

    def take(self, now: float) -> bool:
        if now - self.opened >= self.seconds:
            self.opened, self.used = now, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def reset_after(self, now: float) -> float:
        return max(0.0, self.opened + self.seconds - now)


@dataclass
class Verdict:
    headers: dict[str, str]
    #: The body of a 429, or None when the request may pass.
    refused: Json | None = None


@dataclass
class RateLimits:
    """`mode` is "off" (headers that never bite) or "real"."""

    mode: str = "off"
    clock: Callable[[], float] = time.monotonic
    limits: dict[Key, tuple[int, float]] = field(default_factory=lambda: dict(LIMITS))
    _windows: dict[tuple[str, ...], Window] = field(default_factory=dict)
    _global: deque[float] = field(default_factory=deque)

    def check(self, method: str, template: str, params: Mapping[str, str]) -> Verdict:
        limit, seconds = self.limits.get((method, template), OTHERWISE)
        digest = hashlib.md5(f"{method} {template}".encode(), usedforsecurity=False)
        bucket = digest.hexdigest()
        if self.mode == "off":
            return Verdict(_headers(bucket, 1000, 999, 1.0))
        if template.startswith("/interactions/"):
            return Verdict(_headers(bucket, limit, limit - 1, seconds))
        now = self.clock()
        if not template.startswith("/webhooks/") and (wait := self._over_global(now)):
            return too_many(wait, "global", {})
        window = self._window((bucket, *(params[k] for k in MAJOR if k in params)), limit, seconds)
        passed = window.take(now)
        headers = _headers(bucket, limit, limit - window.used, window.reset_after(now))
        return Verdict(headers) if passed else too_many(window.reset_after(now), "user", headers)

    def _window(self, key: tuple[str, ...], limit: int, seconds: float) -> Window:
        if key not in self._windows:
            self._windows[key] = Window(limit, seconds)
        return self._windows[key]

    def _over_global(self, now: float) -> float:
        most, seconds = GLOBAL
        while self._global and now - self._global[0] >= seconds:
            self._global.popleft()
        if len(self._global) >= most:
            return self._global[0] + seconds - now
        self._global.append(now)
        return 0.0


def _headers(bucket: str, limit: int, remaining: int, reset_after: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        "X-RateLimit-Bucket": bucket,
    }


def too_many(retry_after: float, scope: str, headers: Mapping[str, str]) -> Verdict:
    """A 429 of Discord itself. Its `Via` header tells it apart from one of Cloudflare, which bans."""
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": scope == "global"}
    extra = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope, "Via": "1.1 google"}
    if scope == "global":
        extra["X-RateLimit-Global"] = "true"
    return Verdict(dict(headers) | extra, body)
