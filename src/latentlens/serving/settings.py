"""What the API can be told from outside, by environment variables."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from limits import RateLimitItem, parse
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from latentlens.errors import ConfigError

ANY_HOST = "*"
# Whoever names the API so is on this machine: no foreign page can have such a name.
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SHORTEST_KEY = 16


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "latentlens" / "models"


def _split(given: Any) -> Any:
    return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given


def _long_enough(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if any(len(key.get_secret_value()) < _SHORTEST_KEY for key in keys):
        raise ValueError(f"a key has at least {_SHORTEST_KEY} characters, so that nobody guesses it")
    return keys


def _limit_that_reads(given: str) -> str:
    try:
        parse(given)
    except ValueError:
        raise ValueError("write it like 100/minute or 5/second") from None
    return given


# NoDecode: a list is written with commas, not as JSON.
_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
_Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """Where the API listens, where it finds models and keeps its copies, whom it answers, and what it logs."""

    model_config = SettingsConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True, env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", validation_alias="LATENTLENS_HOST")
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="LATENTLENS_API_PORT")
    tracking_uri: str = Field(default="http://127.0.0.1:5000", validation_alias="MLFLOW_TRACKING_URI")
    cache: Path = Field(default_factory=_cache_folder, validation_alias="LATENTLENS_CACHE")
    poll_seconds: float = Field(default=2, gt=0, le=3600, validation_alias="LATENTLENS_POLL_SECONDS")
    api_keys: _Keys = Field(default=(), validation_alias="LATENTLENS_API_KEY")
    rate_limit: Annotated[str, AfterValidator(_limit_that_reads)] | None = Field(
        default=None, validation_alias="LATENTLENS_RATE_LIMIT"
    )
    allowed_hosts: _Names = Field(default=(), validation_alias="LATENTLENS_ALLOWED_HOSTS")
    cors_origins: _Names = Field(default=(), validation_alias="LATENTLENS_CORS_ORIGINS")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", validation_alias="LATENTLENS_LOG_LEVEL"
    )

    @property
    def answered_hosts(self) -> frozenset[str]:
        """Host names, in small letters and without a port, that requests may name; `ANY_HOST` among them allows all.

        Without a list: this machine's own names while it listens on loopback alone, else any.
        """
        listed = frozenset(name.casefold() for name in self.allowed_hosts)
        if not listed:
            listed = frozenset({self.host.casefold() if _is_loopback(self.host) else ANY_HOST})
        return listed | _LOOPBACK_NAMES

    @property
    def limit(self) -> RateLimitItem | None:
        """How many requests one client may send in what time."""
        return parse(self.rate_limit) if self.rate_limit else None


def read_settings() -> Settings:
    """Read the environment. Raises ConfigError, naming the variable, if a value cannot be used."""
    try:
        return Settings()
    except ValidationError as problem:
        first = problem.errors()[0]
        name, said = first["loc"][0], first["msg"].removeprefix("Value error, ").lower()
        # Never the value of a secret, nor one that may hold a password.
        told = "" if name == "LATENTLENS_API_KEY" else f" is {first['input']!r}"
        # From None: pydantic's own words quote the value.
        raise ConfigError(f"{name}{told}: {said}.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
