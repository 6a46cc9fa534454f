"""Every request gets an id and is counted; a log line tells of each that was refused, slow or failed, or of all."""

from __future__ import annotations

import logging
import random
import re
import time
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latentlens.serving import problems
from latentlens.serving.metrics import Metrics

NO_ROUTE = "unmatched"
# Where the request says, for its log line, which model answered it.
MODEL_VERSION = "latentlens.model_version"
# Asked every few seconds by machines: not worth a line while they succeed.
_QUIET = frozenset({"/health", "/ready", "/metrics"})
# Longer ones, or with anything that could forge a log line, are replaced.
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SLOW_SECONDS = 1.0


class ObserveRequests:
    """ASGI middleware, the outermost one: also answers what nobody below has caught, so that it has an id too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        # Bound now: it would be put together anew for every line otherwise.
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _id_of(scope)
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, noting)
        except Exception:
            self._log.exception("A request failed: this is a defect.", request_id=request_id.decode())
            if status:  # half an answer is out: the connection must break
                raise
            await problems.defect()(scope, receive, noting)
        finally:
            self._tell(scope, status or HTTPStatus.INTERNAL_SERVER_ERROR, time.perf_counter() - began, request_id)

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: bytes) -> None:
        # Never the path itself: it holds people's ids, and anybody can invent more.
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        self._metrics.observe(scope["method"], route, status, seconds)
        if route in _QUIET and status < 400:
            return
        if status >= 500 and status != HTTPStatus.SERVICE_UNAVAILABLE:
            level = logging.ERROR
        elif seconds >= _SLOW_SECONDS:
            level = logging.WARNING
        else:
            # A line costs a list a seventh of its time, and /metrics has counted it already.
            level = logging.INFO if status >= 400 else logging.DEBUG
        if not self._log.is_enabled_for(level):
            return
        self._log.log(
            level,
            "request",
            method=scope["method"],
            route=route,
            status=int(status),
            ms=round(seconds * 1000, 3),
            model_version=scope.get(MODEL_VERSION),
            request_id=request_id.decode(),
        )


def _id_of(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    # No secret: the system's own random numbers cost a request a twentieth of its time.
    return b"%016x" % random.getrandbits(64)
