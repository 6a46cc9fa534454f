"""Run the API until it is told to stop."""

from __future__ import annotations

import copy
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from latentlens.processes import require_free
from latentlens.serving.app import create_app
from latentlens.serving.settings import Settings

_SHUTDOWN_PATIENCE = 5


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are answered first. Raises LaunchError for a taken port."""
    require_free(settings.host, settings.port, "the API", "LATENTLENS_API_PORT")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=_logging(),
        timeout_graceful_shutdown=_SHUTDOWN_PATIENCE,
    )


def _logging() -> dict[str, Any]:
    """Logging as uvicorn has it, with our own lines beside its."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["latentlens"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    # It warns of every attempt while MLflow is away; we say so once.
    config["loggers"]["urllib3"] = {"level": "ERROR"}
    return config
