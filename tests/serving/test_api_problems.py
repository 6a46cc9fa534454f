"""Errors that no route raises by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from latentlens.serving.app import create_app
from latentlens.serving.body_limit import MAX_BODY_BYTES

from .support import problem, settings_for

JSON = {"content-type": "application/json"}


def test_an_unknown_path_points_to_the_docs(api: httpx.Client) -> None:
    assert "nothing at /no/such/page: /docs" in problem(api.get("/no/such/page"), 404)


def test_a_method_that_is_not_possible_is_named(api: httpx.Client) -> None:
    reply = api.delete("/recommend/1")
    assert "DELETE is not possible at /recommend/1" in problem(reply, 405)
    assert reply.headers["allow"] == "GET"


def test_a_path_with_braces_is_quoted_as_it_is(api: httpx.Client) -> None:
    assert "nothing at /{x}{0}" in problem(api.get("/%7Bx%7D%7B0%7D"), 404)


@pytest.mark.parametrize("body", [b'{"ratings": [', b"no json", b""])
def test_a_body_that_is_no_json_is_a_422(api: httpx.Client, body: bytes) -> None:
    assert "body" in problem(api.post("/recommend", content=body, headers=JSON), 422)


def test_a_body_that_is_no_utf8_is_a_400(api: httpx.Client) -> None:
    assert "UTF-8" in problem(api.post("/recommend", content=b'{"ratings": "\xff\xfe"}', headers=JSON), 400)


def test_a_lone_surrogate_is_refused(api: httpx.Client) -> None:
    body = b'{"ratings": [{"movie_id": "\\ud800", "rating": 3}]}'
    problem(api.post("/recommend", content=body, headers=JSON), 422)


def test_a_deeply_nested_body_is_refused(api: httpx.Client) -> None:
    reply = api.post("/recommend", content=b'{"ratings": ' + b"[" * 100_000, headers=JSON)
    assert reply.status_code in {400, 422}
    problem(reply, reply.status_code)


def test_a_large_body_is_a_413_whether_its_length_is_announced_or_not(api: httpx.Client) -> None:
    chunk = b" " * 65536
    n_chunks = MAX_BODY_BYTES // len(chunk) + 1
    for content in (chunk * n_chunks, (chunk for _ in range(n_chunks))):
        assert "at most 1000 ratings" in problem(api.post("/recommend", content=content, headers=JSON), 413)


def test_a_defect_is_a_500_that_gives_nothing_away(tmp_path: Path) -> None:
    app = create_app(settings_for("http://127.0.0.1:9", tmp_path))

    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError("the secret cause")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/defect")

    reply = asyncio.run(ask())
    assert "log has the cause under this X-Request-ID" in problem(reply, 500)
    assert reply.headers["x-request-id"]
    assert "secret" not in reply.text
