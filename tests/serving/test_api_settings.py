"""What the environment can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlens.errors import ConfigError
from latentlens.serving.settings import Settings, read_settings

VARIABLES = (
    "LATENTLENS_HOST",
    "LATENTLENS_API_PORT",
    "MLFLOW_TRACKING_URI",
    "LATENTLENS_CACHE",
    "LATENTLENS_POLL_SECONDS",
)


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
    }


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES, ("0.0.0.0", "8080", "http://mlflow:5000", "/cache", "0.5"), strict=True):
        monkeypatch.setenv(name, value)
    assert read_settings() == Settings(
        host="0.0.0.0", port=8080, tracking_uri="http://mlflow:5000", cache=Path("/cache"), poll_seconds=0.5
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("LATENTLENS_API_PORT", "http"), ("LATENTLENS_API_PORT", "70000"), ("LATENTLENS_POLL_SECONDS", "0")],
)
def test_a_value_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} is '{value}'"):
        read_settings()
