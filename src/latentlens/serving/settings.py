"""What the API can be told from outside, by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from latentlens.errors import ConfigError


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "latentlens" / "models"


class Settings(BaseSettings):
    """Where the API listens, where it finds models and where it keeps its copies of them."""

    model_config = SettingsConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True, env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", validation_alias="LATENTLENS_HOST")
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="LATENTLENS_API_PORT")
    tracking_uri: str = Field(default="http://127.0.0.1:5000", validation_alias="MLFLOW_TRACKING_URI")
    cache: Path = Field(default_factory=_cache_folder, validation_alias="LATENTLENS_CACHE")
    poll_seconds: float = Field(default=2, gt=0, le=3600, validation_alias="LATENTLENS_POLL_SECONDS")


def read_settings() -> Settings:
    """Read the environment. Raises ConfigError, naming the variable, if a value cannot be used."""
    try:
        return Settings()
    except ValidationError as problem:
        first = problem.errors()[0]
        raise ConfigError(f"{first['loc'][0]} is {first['input']!r}: {first['msg'].lower()}.") from problem
