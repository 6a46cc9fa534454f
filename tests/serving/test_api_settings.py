"""What the environment can say."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from latentlens.errors import ConfigError
from latentlens.serving.settings import ANY_HOST, Settings, read_settings

VARIABLES = (
    "LATENTLENS_HOST",
    "LATENTLENS_API_PORT",
    "MLFLOW_TRACKING_URI",
    "LATENTLENS_CACHE",
    "LATENTLENS_POLL_SECONDS",
    "LATENTLENS_API_KEY",
    "LATENTLENS_RATE_LIMIT",
    "LATENTLENS_ALLOWED_HOSTS",
    "LATENTLENS_CORS_ORIGINS",
    "LATENTLENS_LOG_LEVEL",
)
KEYS = ("a-key-of-some-length", "another-one-for-a-change")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_defaults_keep_to_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert read_settings().model_dump() == {
        "host": "127.0.0.1",
        "port": 8000,
        "tracking_uri": "http://127.0.0.1:5000",
        "cache": tmp_path / "latentlens" / "models",
        "poll_seconds": 2,
        "api_keys": (),
        "rate_limit": None,
        "allowed_hosts": (),
        "cors_origins": (),
        "log_level": "info",
    }


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["0.0.0.0", "8080", "http://mlflow:5000", "/cache", "0.5"]
    said += [", ".join(KEYS), "100/minute", "movies.example, other.example", "https://shop.example", "debug"]
    for name, value in zip(VARIABLES, said, strict=True):
        monkeypatch.setenv(name, value)
    assert read_settings() == Settings(
        host="0.0.0.0",
        port=8080,
        tracking_uri="http://mlflow:5000",
        cache=Path("/cache"),
        poll_seconds=0.5,
        api_keys=tuple(SecretStr(key) for key in KEYS),
        rate_limit="100/minute",
        allowed_hosts=("movies.example", "other.example"),
        cors_origins=("https://shop.example",),
        log_level="debug",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LATENTLENS_API_PORT", "http"),
        ("LATENTLENS_API_PORT", "70000"),
        ("LATENTLENS_POLL_SECONDS", "0"),
        ("LATENTLENS_RATE_LIMIT", "often"),
        ("LATENTLENS_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} is '{value}'"):
        read_settings()


def test_a_short_key_is_refused_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLENS_API_KEY", f"{KEYS[0]},hunter2")
    with pytest.raises(ConfigError, match="LATENTLENS_API_KEY: a key has at least 16 characters") as refused:
        read_settings()
    told = "".join(traceback.format_exception(refused.value))
    assert "hunter2" not in told
    assert KEYS[0] not in told


def test_settings_never_show_their_keys() -> None:
    settings = Settings(api_keys=tuple(SecretStr(key) for key in KEYS))
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert not any(key in shown for key in KEYS)


@pytest.mark.parametrize(
    ("host", "listed", "answered", "refused"),
    [
        ("127.0.0.1", (), {"localhost", "127.0.0.1", "[::1]"}, "movies.example"),
        ("127.0.0.2", (), {"localhost", "127.0.0.2"}, "movies.example"),
        ("localhost", (), {"localhost"}, "movies.example"),
        # A health check inside the container asks for 127.0.0.1 whatever is listed.
        ("0.0.0.0", ("Movies.example",), {"movies.example", "127.0.0.1"}, "other.example"),
    ],
)
def test_hosts_are_this_machine_unless_they_are_listed(
    host: str, listed: tuple[str, ...], answered: set[str], refused: str
) -> None:
    hosts = Settings(host=host, allowed_hosts=listed).answered_hosts
    assert answered <= hosts
    assert refused not in hosts
    assert ANY_HOST not in hosts


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"host": "::"}, {"allowed_hosts": ("*",)}])
def test_an_open_address_answers_to_any_name(settings: dict[str, Any]) -> None:
    assert ANY_HOST in Settings(**settings).answered_hosts
