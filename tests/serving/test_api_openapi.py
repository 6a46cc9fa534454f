"""/docs reads well: examples everywhere, errors described as they are."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from latentlens.serving import schemas


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
        "get /model",
        "get /health",
        "get /ready",
        "get /metrics",
    }


def test_every_schema_has_an_example_that_fits_it(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        assert schema["examples"], name
        for example in schema["examples"]:
            getattr(schemas, name).model_validate(example)


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
