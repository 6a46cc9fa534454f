"""The API, assembled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from latentlens.serving import problems
from latentlens.serving.body_limit import LimitBody
from latentlens.serving.current import CurrentModel
from latentlens.serving.direct import AnswerDirectly
from latentlens.serving.guards import DOCS_FILES, AdmitClients, AllowHosts
from latentlens.serving.metrics import Metrics
from latentlens.serving.observe import ObserveRequests
from latentlens.serving.openapi import describe_guards
from latentlens.serving.routes import explain, movies, recommend, status
from latentlens.serving.settings import ANY_HOST, Settings
from latentlens.tracking.registry import Registry, fail_fast

_ABOUT = """
Recommendations from the model that is registered in MLflow: the `champion` if that alias is set, otherwise the
newest version. A newly registered version is served within seconds. Every error is `application/problem+json`, and its
`detail` says what to do.
"""


def create_app(settings: Settings) -> FastAPI:
    """Make the API. It needs neither MLflow nor a model to start, and becomes ready when there are both."""
    fail_fast()
    metrics = Metrics()
    current = CurrentModel(Registry(settings.tracking_uri), settings.cache, settings.poll_seconds, metrics)
    metrics.model_version.set_function(lambda: current.version_number)
    metrics.model_age.set_function(lambda: current.age_seconds)

    @asynccontextmanager
    async def follow_registry(_: FastAPI) -> AsyncIterator[None]:
        current.start()
        yield
        current.stop()

    # FastAPI's own page of documentation is blank without the internet.
    app = FastAPIOffline(
        title="LatentLens",
        version=version("latentlens"),
        description=_ABOUT,
        lifespan=follow_registry,
        redoc_url=None,
        # A path that is not quite right is said to be wrong, not sent elsewhere.
        redirect_slashes=False,
        # Looking for OpenTelemetry takes a tenth of a request's time; Prometheus is told all.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        static_url=DOCS_FILES,
    )
    app.state.current = current
    app.state.metrics = metrics
    problems.install(app)
    # First, what is asked most; and not by include_router, which looks for the route of every request twice.
    app.router.routes[:0] = [
        *recommend.router.routes,
        *movies.router.routes,
        *explain.router.routes,
        *status.router.routes,
    ]
    _guard(app, settings, metrics)
    describe_guards(app, settings)
    return app


def _guard(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Put what every request passes around the routes. The one added last is the outermost."""
    app.add_middleware(LimitBody)
    app.add_middleware(AnswerDirectly, route=recommend.router.routes[0])
    if settings.api_keys or settings.limit:
        app.add_middleware(AdmitClients, keys=settings.api_keys, limit=settings.limit)
    if settings.cors_origins:
        # Around the keys: browsers ask beforehand, and without one.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    if ANY_HOST not in settings.answered_hosts:
        app.add_middleware(AllowHosts, hosts=settings.answered_hosts)
    # Outermost: what is refused is counted and logged, too.
    app.add_middleware(ObserveRequests, metrics=metrics)
