"""The API, assembled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from latentlens.serving import problems
from latentlens.serving.body_limit import LimitBody
from latentlens.serving.current import CurrentModel
from latentlens.serving.metrics import MeasureRequests, Metrics
from latentlens.serving.routes import movies, recommend, status
from latentlens.serving.settings import Settings
from latentlens.tracking.registry import Registry, fail_fast

_ABOUT = """
Recommendations from the model that is registered in MLflow: the `champion` if that alias is set, otherwise the
newest version. A newly registered version is served within seconds. Every error is `application/problem+json`, and its
`detail` says what to do.
"""


def create_app(settings: Settings) -> FastAPI:
    """Make the API. It needs neither MLflow nor a model to start, and becomes ready when there are both."""
    fail_fast()
    current = CurrentModel(
        Registry(settings.tracking_uri),
        settings.cache,
        settings.poll_seconds,
        on_swap=lambda: metrics.swaps.inc(),
    )
    metrics = Metrics(lambda: current.version_number)

    @asynccontextmanager
    async def follow_registry(_: FastAPI) -> AsyncIterator[None]:
        current.start()
        yield
        current.stop()

    app = FastAPI(title="LatentLens", version=version("latentlens"), description=_ABOUT, lifespan=follow_registry)
    app.state.current = current
    app.state.metrics = metrics
    problems.install(app)
    # The one added last is the outermost: refused bodies are measured too.
    app.add_middleware(LimitBody)
    app.add_middleware(MeasureRequests, metrics=metrics)
    for routes in (recommend, movies, status):
        app.include_router(routes.router)
    return app
