"""What /docs and /openapi.json say beyond the routes: keys, limits and host names, as this server is set."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from latentlens.serving.guards import OPEN_PATHS
from latentlens.serving.problems import documented
from latentlens.serving.settings import ANY_HOST, Settings

_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def describe_guards(app: FastAPI, settings: Settings) -> None:
    """Let `app` describe what is answered before a route is reached."""
    describe_routes = app.openapi

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            document = describe_routes()
            if settings.api_keys:
                document["components"]["securitySchemes"] = _SCHEMES
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _describe(operation, settings, is_open=path in OPEN_PATHS)
        return describe_routes()

    # As FastAPI's documentation has it ("Extending OpenAPI").
    app.openapi = openapi  # type: ignore[method-assign]


def _describe(operation: dict[str, Any], settings: Settings, *, is_open: bool) -> None:
    statuses = [] if ANY_HOST in settings.answered_hosts else [421]
    if settings.api_keys and not is_open:
        operation["security"] = [{name: []} for name in _SCHEMES]
        statuses.append(401)
    if settings.limit and not is_open:
        statuses.append(429)
    answers = {str(status): described for status, described in documented(*statuses).items()}
    operation["responses"] |= answers
