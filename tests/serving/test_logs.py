"""What the API's log tells, and what it never does."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from latentlens.recommenders.fitted import FittedModel
from latentlens.serving import logs

from .support import api_process, empty_registry, register, wait_for_version, wait_until

KEY = "a-key-of-some-length"


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def requests_in(log: Path) -> list[dict[str, Any]]:
    return [line for line in lines(log) if line["event"] == "request"]


@pytest.fixture(scope="module")
def log(mlflow_uri: str, svd: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server wrote that was asked a few things."""
    folder = tmp_path_factory.mktemp("log")
    log = folder / "api.log"
    empty_registry(mlflow_uri)
    register(mlflow_uri, svd)
    with api_process(
        mlflow_uri.replace("://", "://someone:hunter2@"),
        folder / "cache",
        log,
        LATENTLENS_LOG_LEVEL="debug",
        LATENTLENS_API_KEY=KEY,
    ) as (_, address):
        headers = {"X-API-Key": KEY}
        with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
            wait_for_version(client, 1)
            client.get("/recommend/17?n=3", headers={"X-Request-ID": "from-the-client.1"})
            client.get("/recommend/17", headers={"X-Request-ID": "forged\tline"})
            client.get("/recommend/17", headers={"X-Request-ID": "x" * 65})
            client.get("/no/such/page")
            client.get("/model", headers={"X-API-Key": "the-wrong-key-of-somebody"})
            for path in ("/health", "/ready", "/metrics"):
                assert client.get(path).status_code == 200
            wait_until(lambda: len(requests_in(log)) >= 5)
    return log


def test_every_line_is_json_with_a_level_and_a_time_whoever_wrote_it(log: Path) -> None:
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines(log))
    written_by = {line.get("logger", "").partition(".")[0] for line in lines(log)}
    assert {"latentlens", "uvicorn"} <= written_by


def test_a_request_is_one_line_with_route_status_time_and_version(log: Path) -> None:
    first = next(line for line in requests_in(log) if line["request_id"] == "from-the-client.1")
    assert {name: first[name] for name in ("method", "route", "status", "model_version", "level")} == {
        "method": "GET",
        "route": "/recommend/{user_id}",
        "status": 200,
        "model_version": 1,
        "level": "debug",
    }
    assert 0 < first["ms"] < 10_000


def test_an_id_that_is_long_or_could_forge_a_line_is_replaced(log: Path) -> None:
    ids = [line["request_id"] for line in requests_in(log)]
    assert len(ids) == len(set(ids))
    assert [len(given) for given in ids if given != "from-the-client.1"] == [16] * (len(ids) - 1)


def test_refusals_are_told_and_have_no_model(log: Path) -> None:
    told = {(line["route"], line["status"]): line for line in requests_in(log)}
    assert told["unmatched", 404]["model_version"] is None
    assert told["unmatched", 401]["model_version"] is None


def test_refusals_have_a_level_that_is_told_unless_asked_otherwise(log: Path) -> None:
    levels = {line["level"] for line in requests_in(log) if line["status"] >= 400}
    assert levels == {"info"}


def test_health_checks_that_succeed_are_not_told(log: Path) -> None:
    assert not {"/health", "/metrics"} & {line["route"] for line in requests_in(log)}
    assert 200 not in {line["status"] for line in requests_in(log) if line["route"] == "/ready"}


def test_neither_keys_nor_passwords_nor_who_asked_are_in_the_log(log: Path) -> None:
    text = log.read_text()
    for secret in (KEY, "the-wrong-key-of-somebody", "hunter2", "someone:", "/recommend/17"):
        assert secret not in text


@pytest.mark.usefixtures("_restored_logging")
def test_a_person_at_a_terminal_reads_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    logging.config.dictConfig(logs.configure("info", terminal))
    structlog.get_logger().info("request", route="/movies", status=200)
    structlog.get_logger().debug("too small")
    logging.getLogger("latentlens.serving").warning("Version %d is refused.", 3)
    first, second = terminal.getvalue().splitlines()
    assert "request" in first
    assert "route=/movies status=200" in first
    assert "Version 3 is refused." in second
    assert "\x1b" not in first + second


@pytest.fixture
def _restored_logging() -> Any:
    names = ("latentlens", "uvicorn", "urllib3", "")
    loggers = [logging.getLogger(name) for name in names]
    before = [(list(one.handlers), one.level, one.propagate) for one in loggers]
    structured = structlog.get_config()
    yield
    structlog.configure(**structured)
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)
