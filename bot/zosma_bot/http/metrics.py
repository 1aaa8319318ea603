"""`/metrics`, for Prometheus. Asked for with a key where keys are set, else on loopback alone."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from zosma_bot.metrics import Metrics


class MetricsPage:
    """The handler of `/metrics`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """The route of the metrics."""
        return [web.get("/metrics", self.metrics)]

    async def metrics(self, _: web.Request) -> web.Response:
        """Everything in Prometheus's text format; also while Redis is away."""
        return web.Response(body=await self._metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
