"""Every error is answered as application/problem+json (RFC 9457) with a sentence that says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from latentlens.errors import ConfigError, LatentLensError, NoModel, TrackingError, UnknownId

MEDIA_TYPE = "application/problem+json"

_STATUS = {UnknownId: 404, ConfigError: 409, NoModel: 503, TrackingError: 503}
# Where Starlette raises with nothing but the status' own phrase.
_SAID = {
    400: "The request could not be read: send valid HTTP with a JSON body in UTF-8; /docs shows examples.",
    404: "There is nothing at {path}: /docs lists what there is.",
    405: "{method} is not possible at {path}: /docs lists what is.",
}


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "User 99999 is not in the model: leave cold_start out for the popular list.",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong with this request, and what to do.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe these error answers to OpenAPI."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem; what nobody expects is left to `ObserveRequests`."""
    app.add_exception_handler(LatentLensError, _own_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def answer(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Make the answer; it is an ASGI app, too."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(problem.model_dump_json(), status, headers, MEDIA_TYPE)


async def _own_error(_: Request, error: Exception) -> Response:
    return answer(next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500), str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type that Starlette's interface leaves open
    status, detail = error.status_code, error.detail
    if detail == HTTPStatus(status).phrase or status == 400:
        detail = _SAID.get(status, detail).format(path=request.url.path, method=request.method)
    return answer(status, detail, dict(error.headers or {}))


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = "; ".join(f"{_where(fault['loc'])}: {_what(fault)}" for fault in error.errors()[:5])
    return answer(422, f"The request is not valid. {found}. /docs shows examples.")


def defect() -> Response:
    """Answer for what nobody expected."""
    return answer(500, "This is a defect of the server, whose log has the cause under this X-Request-ID: report it.")


def _where(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location)


def _what(fault: dict[str, Any]) -> str:
    message: str = fault["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:300]
