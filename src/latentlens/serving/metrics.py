"""What Prometheus is told: requests, their latency, the served model, what became of new ones."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# Anybody can invent methods, as they can paths: neither may grow the number of time series without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Series(NamedTuple):
    requests: Counter
    latency: Histogram


class Metrics:
    """The instruments of one app, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter("latentlens_requests", "Requests answered.", (*labels, "status"), registry=registry)
        self._latency = Histogram(
            "latentlens_request_seconds",
            "Seconds until a request was answered.",
            labels,
            buckets=_BUCKETS,
            registry=registry,
        )
        # Methods, routes and statuses are few; looking labels up takes longer than counting.
        self._series = cache(self._look_up)
        self.swaps = Counter(
            "latentlens_model_swaps", "Times a model was loaded and put in service.", registry=registry
        )
        self.refusals = Counter(
            "latentlens_models_refused", "Registered models that were damaged or not readable.", registry=registry
        )
        self.registry_failures = Counter(
            "latentlens_registry_failures", "Times MLflow could not be asked or downloaded from.", registry=registry
        )
        self.cold_starts = Counter(
            "latentlens_cold_starts",
            "Lists for people whom the model does not know, by what they got.",
            ("strategy",),
            registry=registry,
        )
        self.model_version = Gauge(
            "latentlens_model_version", "Served version; 0 while there is none.", registry=registry
        )
        self.model_age = Gauge(
            "latentlens_model_age_seconds",
            "Seconds since the served version was registered; 0 while there is none.",
            registry=registry,
        )

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is its template."""
        series = self._series(method if method in _METHODS else "OTHER", route, int(status))
        series.requests.inc()
        series.latency.observe(seconds)

    def _look_up(self, method: str, route: str, status: int) -> _Series:
        return _Series(self._requests.labels(method, route, status), self._latency.labels(method, route))
