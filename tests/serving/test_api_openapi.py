"""/docs reads well: examples everywhere, errors described as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from latentlens.recommenders.fitted import FittedModel
from latentlens.serving import schemas, why
from latentlens.serving.app import create_app

from .support import running_api, settings_for


@pytest.fixture(scope="module")
def model(svd_with_axes: FittedModel) -> FittedModel:
    return svd_with_axes


@pytest.fixture(scope="module")
def described(api: httpx.Client) -> dict[str, Any]:
    document: dict[str, Any] = api.get("/openapi.json").json()
    return document


def operations(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{verb} {path}", op) for path, verbs in described["paths"].items() for verb, op in verbs.items()]


def test_docs_is_a_page_that_needs_no_internet(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert "text/html" in page.headers["content-type"]
    files = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(files) >= 3
    assert all(file.startswith("/") for file in files)
    assert [file for file in files if api.get(file).status_code != 200] == []


def test_every_route_of_the_contract_is_there(described: dict[str, Any]) -> None:
    assert {name for name, _ in operations(described)} == {
        "get /",
        "get /recommend/{user_id}",
        "post /recommend",
        "get /predict",
        "get /similar/{movie_id}",
        "get /movies",
        "get /explain/{user_id}/{movie_id}",
        "get /axes",
        "get /axes/{number}",
        "get /users/{user_id}/taste",
        "get /model",
        "get /health",
        "get /ready",
        "get /metrics",
    }


def test_every_schema_has_an_example_that_fits_it(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        assert schema["examples"], name
        for example in schema["examples"]:
            (getattr(schemas, name, None) or getattr(why, name)).model_validate(example)


def test_every_route_and_parameter_says_what_it_is_for(described: dict[str, Any]) -> None:
    for name, operation in operations(described):
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            assert parameter.get("description") or schema.get("examples") or parameter["name"].startswith("year"), name


def test_every_error_is_described_as_a_problem(described: dict[str, Any]) -> None:
    errors = [
        reply
        for _, operation in operations(described)
        for status, reply in operation["responses"].items()
        if status >= "400"
    ]
    assert errors
    assert all(list(reply["content"]) == ["application/problem+json"] for reply in errors)
    assert all(reply["content"]["application/problem+json"]["schema"]["examples"] for reply in errors)


RATED = {"ratings": [{"movie_id": 101, "rating": 4}]}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("get /recommend/{user_id}", "/recommend/1", {}),
    ("get /recommend/{user_id}", "/recommend/77?cold_start=error", {}),
    ("get /recommend/{user_id}", "/recommend/1?n=0", {}),
    ("post /recommend", "/recommend", {"json": RATED}),
    ("post /recommend", "/recommend", {"json": {}}),
    ("post /recommend", "/recommend", {"content": b"\xff", "headers": {"content-type": "application/json"}}),
    ("post /recommend", "/recommend", {"content": bytes(2**20), "headers": {"content-type": "application/json"}}),
    ("get /predict", "/predict?user_id=1&movie_id=101", {}),
    ("get /predict", "/predict", {}),
    ("get /similar/{movie_id}", "/similar/101", {}),
    ("get /similar/{movie_id}", "/similar/5", {}),
    ("get /similar/{movie_id}", "/similar/x", {}),
    ("get /movies", "/movies", {}),
    ("get /movies", "/movies?limit=0", {}),
    ("get /explain/{user_id}/{movie_id}", "/explain/1/101", {}),
    ("get /explain/{user_id}/{movie_id}", "/explain/77/101", {}),
    ("get /explain/{user_id}/{movie_id}", "/explain/1/x", {}),
    ("get /axes", "/axes", {}),
    ("get /users/{user_id}/taste", "/users/1/taste", {}),
    ("get /users/{user_id}/taste", "/users/77/taste", {}),
    ("get /users/{user_id}/taste", "/users/x/taste", {}),
    ("get /axes/{number}", "/axes/1", {}),
    ("get /axes/{number}", "/axes/9999", {}),
    ("get /axes/{number}", "/axes/0", {}),
    *((f"get {path}", path, {}) for path in ("/", "/model", "/metrics", "/health", "/ready")),
]


def test_every_status_that_is_described_occurs(api: httpx.Client, tmp_path: Path) -> None:
    plain = settings_for("http://127.0.0.1:9", tmp_path)
    asks_for_keys = plain.model_copy(update={"api_keys": (SecretStr("a" * 16),)})
    limits = plain.model_copy(update={"rate_limit": "1/hour"})
    occurred = {(route, ask(api, route, path, **sent)) for route, path, sent in ASKED}
    with running_api(plain) as empty:
        occurred |= {(route, ask(empty, route, path, **sent)) for route, path, sent in ASKED}
        occurred |= {(route, ask(empty, route, path, headers={"Host": "evil.example"})) for route, path, _ in ASKED}
    for settings in (asks_for_keys, limits):
        with running_api(settings) as strict:
            ask(strict, "get /", "/")
            occurred |= {(route, ask(strict, route, path)) for route, path, _ in ASKED}
    described = create_app(asks_for_keys.model_copy(update={"rate_limit": "1/hour"})).openapi()
    named = {(name, int(status)) for name, operation in operations(described) for status in operation["responses"]}
    # Only other models give it: see test_api_other_recommenders and test_api_explain_without_reasons.
    assert {status for _, status in named - occurred} == {409}
    assert occurred - named == set()


def ask(api: httpx.Client, route: str, path: str, **sent: Any) -> int:
    return api.request(route.split()[0].upper(), path, **sent).status_code
