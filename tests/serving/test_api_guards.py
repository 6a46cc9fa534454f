"""Whom the API answers: host names, keys, limits, other sites' pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from latentlens.serving.app import create_app
from latentlens.serving.settings import Settings

from .support import problem, settings_for

KEYS = ("a-key-of-some-length", "schlüssel-mit-umlaut")
Asked = tuple[str, str, dict[str, str]]


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., list[httpx.Response]]:
    """Ask an API with these settings, without a model, (method, path, headers) in turn; from these addresses."""

    def ask(
        asked: Sequence[Asked], *, addresses: Sequence[str] = ("127.0.0.1",), name: str = "localhost", **settings: Any
    ) -> list[httpx.Response]:
        told = Settings(**{**settings_for("http://127.0.0.1:9", tmp_path).model_dump(), **settings})
        app = create_app(told)

        async def in_turn() -> list[httpx.Response]:
            replies = []
            for n, (method, path, headers) in enumerate(asked):
                in_utf8 = [(name.encode(), value.encode()) for name, value in headers.items()]
                transport = httpx.ASGITransport(app, client=(addresses[n % len(addresses)], 1))
                async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}:8000") as client:
                    replies.append(await client.request(method, path, headers=in_utf8))
            return replies

        return asyncio.run(in_turn())

    return ask


def get(path: str, **headers: str) -> Asked:
    return "GET", path, {name.replace("_", "-"): value for name, value in headers.items()}


# Host names


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_this_machine_goes_by_its_own_names(ask: Callable[..., list[httpx.Response]], host: str) -> None:
    assert ask([get("/health")], name=host)[0].status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]"])
def test_a_foreign_name_that_leads_here_is_refused(ask: Callable[..., list[httpx.Response]], host: str) -> None:
    for reply in ask([get("/health"), get("/model"), get("/nothing")], name=host):
        assert "LATENTLENS_ALLOWED_HOSTS" in problem(reply, 421)


def test_listed_names_are_answered_and_no_others(ask: Callable[..., list[httpx.Response]]) -> None:
    listed: dict[str, Any] = {"allowed_hosts": ("movies.example",)}
    assert ask([get("/health")], name="Movies.Example", **listed)[0].status_code == 200
    assert ask([get("/health")], name="127.0.0.1", **listed)[0].status_code == 200
    problem(ask([get("/health")], name="other.example", **listed)[0], 421)


def test_an_api_that_is_open_to_the_network_goes_by_any_name(ask: Callable[..., list[httpx.Response]]) -> None:
    assert ask([get("/health")], name="192.168.1.7", host="0.0.0.0")[0].status_code == 200


# Keys


def test_without_a_key_nothing_but_health_and_documentation_is_answered(
    ask: Callable[..., list[httpx.Response]],
) -> None:
    for path in ("/", "/model", "/metrics", "/recommend/1", "/movies", "/nothing"):
        reply = ask([get(path)], api_keys=KEYS)[0]
        assert "X-API-Key" in problem(reply, 401)
        assert reply.headers["www-authenticate"].startswith("Bearer")
    opened = ask([get(path) for path in ("/health", "/docs", "/openapi.json", "/ready")], api_keys=KEYS)
    assert [reply.status_code for reply in opened] == [200, 200, 200, 503]


@pytest.mark.parametrize("key", KEYS)
def test_each_key_opens_as_header_or_bearer(ask: Callable[..., list[httpx.Response]], key: str) -> None:
    asked = [
        get("/", X_API_Key=key),
        get("/", Authorization=f"Bearer {key}"),
        get("/", Authorization=f"bearer {key}"),
    ]
    assert [reply.status_code for reply in ask(asked, api_keys=KEYS)] == [200, 200, 200]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_API_Key": KEYS[0][:-1]},
        {"X_API_Key": f"{KEYS[0]}x"},
        {"X_API_Key": KEYS[0].upper()},
        {"X_API_Key": ""},
        {"Authorization": f"Basic {KEYS[0]}"},
        {"Authorization": KEYS[0]},
        {"Authorization": "Bearer"},
    ],
)
def test_a_wrong_key_opens_nothing(ask: Callable[..., list[httpx.Response]], headers: dict[str, str]) -> None:
    problem(ask([get("/", **headers)], api_keys=KEYS)[0], 401)


def test_no_answer_holds_a_key(ask: Callable[..., list[httpx.Response]]) -> None:
    right, wrong = {"X_API_Key": KEYS[0]}, {"X_API_Key": "not-the-right-key-at-all"}
    paths = ("/", "/model", "/metrics", "/docs", "/openapi.json", "/recommend/x?n=0", "/nothing")
    asked = [get(path, **headers) for path in paths for headers in (right, wrong)]
    for reply in ask(asked, api_keys=KEYS):
        told = f"{reply.headers} {reply.text}"
        assert not any(key in told for key in (*KEYS, "not-the-right-key-at-all"))


def test_a_key_is_described_where_it_is_asked_for(ask: Callable[..., list[httpx.Response]]) -> None:
    described = ask([get("/openapi.json")], api_keys=KEYS, rate_limit="5/minute")[0].json()
    assert set(described["components"]["securitySchemes"]) == {"key", "bearer"}
    model, health = (described["paths"][path]["get"] for path in ("/model", "/health"))
    assert model["security"]
    assert {"401", "421", "429"} <= set(model["responses"])
    assert "security" not in health
    assert not {"401", "429"} & set(health["responses"])
    without = ask([get("/openapi.json")])[0].json()
    assert "securitySchemes" not in without["components"]
    assert not {"401", "429"} & set(without["paths"]["/model"]["get"]["responses"])


# Limits


def test_more_requests_than_allowed_are_told_when_to_come_back(ask: Callable[..., list[httpx.Response]]) -> None:
    *allowed, refused = ask([get("/")] * 4, rate_limit="3/minute")
    assert {reply.status_code for reply in allowed} == {200}
    assert "wait" in problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_each_address_has_a_limit_of_its_own(ask: Callable[..., list[httpx.Response]]) -> None:
    replies = ask([get("/")] * 6, addresses=["10.0.0.1", "10.0.0.2"], rate_limit="2/minute")
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429, 429]


def test_one_network_of_ipv6_addresses_is_one_client(ask: Callable[..., list[httpx.Response]]) -> None:
    replies = ask([get("/")] * 3, addresses=[f"2001:db8::{n}" for n in (1, 2, 3)], rate_limit="2/minute")
    assert [reply.status_code for reply in replies] == [200, 200, 429]


def test_each_key_has_a_limit_of_its_own_whatever_the_address(ask: Callable[..., list[httpx.Response]]) -> None:
    one, other = get("/", X_API_Key=KEYS[0]), get("/", Authorization=f"Bearer {KEYS[0]}x")
    replies = ask([one, one, one, other], addresses=["10.0.0.1", "10.0.0.2"], rate_limit="2/minute", api_keys=KEYS)
    assert [reply.status_code for reply in replies] == [200, 200, 429, 401]


def test_keys_cannot_be_tried_without_end(ask: Callable[..., list[httpx.Response]]) -> None:
    tries = [get("/", X_API_Key=f"guess-number-{n}") for n in range(3)]
    replies = ask(tries, rate_limit="2/minute", api_keys=KEYS)
    assert [reply.status_code for reply in replies] == [401, 401, 429]


def test_health_checks_are_never_limited(ask: Callable[..., list[httpx.Response]]) -> None:
    replies = ask([get("/health")] * 5, rate_limit="1/hour")
    assert {reply.status_code for reply in replies} == {200}


# Other sites' pages


def test_no_other_site_may_read_answers_unless_it_is_listed(ask: Callable[..., list[httpx.Response]]) -> None:
    asked = [get("/health", Origin="https://shop.example")]
    assert "access-control-allow-origin" not in ask(asked)[0].headers
    allowed = ask(asked, cors_origins=("https://shop.example",))[0]
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    other = ask(asked, cors_origins=("https://other.example",))[0]
    assert "access-control-allow-origin" not in other.headers


def test_a_listed_site_may_ask_beforehand_without_a_key(ask: Callable[..., list[httpx.Response]]) -> None:
    headers = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-API-Key, Content-Type",
    }
    asked: list[Asked] = [("OPTIONS", "/recommend", headers), get("/", Origin="https://shop.example")]
    beforehand, without_key = ask(asked, cors_origins=("https://shop.example",), api_keys=KEYS)
    assert beforehand.status_code == 200
    assert without_key.status_code == 401
    # So that the page can read why.
    assert without_key.headers["access-control-allow-origin"] == "https://shop.example"
