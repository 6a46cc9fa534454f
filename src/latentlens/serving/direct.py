"""What many ask, answered without FastAPI's detour."""

from __future__ import annotations

from fastapi import HTTPException, Response
from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from latentlens.errors import LatentLensError
from latentlens.serving.dependencies import LONGEST_ID, served_to
from latentlens.serving.routes.recommend import recommend
from latentlens.serving.schemas import RecommendQuery

_PATH = "/recommend"
_DEFAULTS = RecommendQuery()


class AnswerDirectly:
    """ASGI middleware: answers `GET /recommend/{user_id}` (`route`) where nothing is wrong, and passes on the rest.

    FastAPI takes longer to find the route and read its parameters than the model does to rank ten thousand movies.
    It still declares and documents the route, and says what is wrong with a request.
    """

    def __init__(self, app: ASGIApp, route: BaseRoute) -> None:
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        answer = await self._answer(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        path, _, user_id = scope["path"].rpartition("/")
        if path != _PATH or not 0 < len(user_id) <= LONGEST_ID:
            return None
        scope["route"] = self._route
        try:
            return await recommend(user_id, _query(scope), served_to(scope), scope["app"].state.metrics)
        except (HTTPException, LatentLensError, ValidationError):
            return None


def _query(scope: Scope) -> RecommendQuery:
    """Read the query as FastAPI does. Raises ValidationError."""
    if not scope["query_string"]:
        return _DEFAULTS
    return RecommendQuery.model_validate(dict(QueryParams(scope["query_string"])))
