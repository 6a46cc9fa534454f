"""Run the API until it is told to stop."""

from __future__ import annotations

import os

import uvicorn

from latentlens.processes import require_free
from latentlens.serving import logs
from latentlens.serving.app import create_app
from latentlens.serving.head_limit import BoundedHead
from latentlens.serving.settings import Settings

_SHUTDOWN_PATIENCE = 5


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are answered first. Raises LaunchError for a taken port."""
    require_free(settings.host, settings.port, "the API", "LATENTLENS_API_PORT")
    log_config = logs.configure(settings.log_level)
    # Between lines of JSON, the bars of its downloads are noise.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=BoundedHead,
        access_log=False,
        # Who asks matters to the limit alone; behind a proxy, FORWARDED_ALLOW_IPS names whom to believe.
        proxy_headers=settings.limit is not None,
        log_config=log_config,
        timeout_graceful_shutdown=_SHUTDOWN_PATIENCE,
    )
