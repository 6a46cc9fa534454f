"""Whatever is sent, what comes back is what /openapi.json says: no route fails, no status or field is a surprise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.app import create_app
from latentlens.serving.settings import Settings

from .support import empty_registry, register, running_api, settings_for, wait_for_version

# What the schema cannot know: the genres and ids of the data, the scale of its ratings, which year is the later one.
EXCLUDED: list[Any] = [positive_data_acceptance]
ROUTES = [
    f"{method} {path}"
    for path, operations in create_app(Settings()).openapi()["paths"].items()
    for method in operations
]
KEY = "a-key-of-some-length"


@pytest.fixture(scope="module")
def api(
    mlflow_uri: str, svd_with_axes: FittedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """An API with a model and every guard."""
    empty_registry(mlflow_uri)
    register(mlflow_uri, svd_with_axes)
    plain = settings_for(mlflow_uri, tmp_path_factory.mktemp("cache"))
    guarded = Settings(**{**plain.model_dump(), "api_keys": (KEY,), "rate_limit": "1000000/minute"})
    with running_api(guarded) as client:
        wait_for_version(client, 1)
        yield client


@pytest.fixture(scope="module")
def schema(api: httpx.Client) -> Any:
    return schemathesis.openapi.from_dict(api.get("/openapi.json").json())


def attempt(api: httpx.Client, schema: Any, route: str, *, examples: int, seeded: bool) -> None:
    """Send requests to one route, valid and not, and hold the answers against the schema."""
    method, path = route.split()
    operation = schema[path][method]
    both = st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])

    @settings(max_examples=examples, deadline=None, derandomize=seeded, suppress_health_check=list(HealthCheck))
    @given(case=both)
    def send(case: schemathesis.Case[Any]) -> None:
        # Names of hosts have tests of their own; schemathesis does not know that 421 refuses.
        case.headers.pop("host", None)
        case.call_and_validate(base_url=str(api.base_url), headers={"X-API-Key": KEY}, excluded_checks=EXCLUDED)

    send()


@pytest.mark.parametrize("route", ROUTES)
def test_no_request_surprises(api: httpx.Client, schema: Any, route: str) -> None:
    attempt(api, schema, route, examples=25, seeded=True)


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_no_request_of_many_surprises(api: httpx.Client, schema: Any, route: str) -> None:
    attempt(api, schema, route, examples=1500, seeded=False)
