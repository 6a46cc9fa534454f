"""What Prometheus is told: requests, their latency, the served version, the swaps."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# Anybody can invent methods and paths: neither may grow the number of time series without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "unmatched"


class Metrics:
    """The instruments of one app, in a registry of their own."""

    def __init__(self, version_number: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter(
            "latentlens_requests", "Requests answered.", (*labels, "status"), registry=self._registry
        )
        self._latency = Histogram(
            "latentlens_request_seconds",
            "Seconds until a request was answered.",
            labels,
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.swaps = Counter(
            "latentlens_model_swaps", "Times a model was loaded and put in service.", registry=self._registry
        )
        version = Gauge("latentlens_model_version", "Served version; 0 while there is none.", registry=self._registry)
        version.set_function(version_number)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        self._requests.labels(method, route, status).inc()
        self._latency.labels(method, route).observe(seconds)


class MeasureRequests:
    """ASGI middleware that reports every request to `metrics`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what the outermost handler answers if the app raises

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, noting_status)
        finally:
            self._metrics.observe(scope, status, time.perf_counter() - began)
