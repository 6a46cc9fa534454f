"""/, /health, /ready, /model and /metrics."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from latentlens.evaluation.findings import DOCUMENT, Finding, to_json
from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking.registry import Registry

from .support import N_MOVIES, N_USERS, ratings_table, sample


def test_the_root_says_where_to_go(api: httpx.Client) -> None:
    reply = api.get("/").json()
    assert all(api.get(reply[name]).status_code == 200 for name in ("docs", "model", "example"))


@pytest.fixture(scope="module")
def model(svd: FittedModel) -> FittedModel:
    return replace(svd, extra={DOCUMENT: to_json([Finding("LL003", "popularity bias", "It is 2.5.", "Compare.")])})


def test_model_tells_the_findings_that_were_kept_with_it(api: httpx.Client) -> None:
    assert api.get("/model").json()["findings"] == [
        {
            "code": "LL003",
            "title": "popularity bias",
            "seen": "It is 2.5.",
            "advice": "Compare.",
            "see": "docs/findings.md#ll003",
        }
    ]


def test_health_and_ready(api: httpx.Client) -> None:
    assert api.get("/health").json() == {"status": "ok"}
    assert api.get("/ready").json() == {"status": "ready", "model_version": 1, "registry_unreachable_since": None}


def test_model_tells_what_the_run_recorded(api: httpx.Client, model: FittedModel, mlflow_uri: str) -> None:
    reply = api.get("/model").json()
    assert reply["run_id"] == Registry(mlflow_uri).current().run_id
    assert reply["metrics"] == {"rmse": 0.75, "bias_rmse": 0.8}
    assert reply["data"] == {"name": "tiny", "sha256": "ab" * 32}
    assert reply["params"] == model.params
    assert datetime.fromisoformat(reply["served_since"]) <= datetime.now(UTC)
    assert {name: reply[name] for name in ("model_version", "recommender", "problem")} == {
        "model_version": 1,
        "recommender": "surprise_svd",
        "problem": None,
    }
    assert (reply["is_champion"], reply["hides_newer_version"]) == (False, None)


def test_model_counts_what_the_fit_has_seen(api: httpx.Client) -> None:
    reply = api.get("/model").json()
    assert (reply["n_users"], reply["n_movies"], reply["n_factors"]) == (N_USERS, N_MOVIES, 8)
    assert reply["n_ratings"] == len(ratings_table())
    assert reply["scale"] == [0.5, 5.0]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/recommend/3", "/recommend/{user_id}", 200),
        ("/recommend/x", "/recommend/{user_id}", 422),
        ("/similar/5", "/similar/{movie_id}", 404),
        ("/no/such/page", "unmatched", 404),
    ],
)
def test_metrics_count_requests_by_template_never_by_path(
    api: httpx.Client, path: str, route: str, status: int
) -> None:
    name = f'latentlens_requests_total{{method="GET",route="{route}",status="{status}"}}'
    latency = f'latentlens_request_seconds_count{{method="GET",route="{route}"}}'
    before, measured = sample(api, name), sample(api, latency)
    assert api.get(path).status_code == status
    assert sample(api, name) == before + 1
    assert sample(api, latency) == measured + 1
    assert path not in api.get("/metrics").text


def test_invented_methods_make_no_time_series(api: httpx.Client) -> None:
    assert api.request("PROPFIND", "/health").status_code == 405
    assert "PROPFIND" not in api.get("/metrics").text
    assert sample(api, 'latentlens_requests_total{method="OTHER",route="/health",status="405"}') >= 1


def test_metrics_tell_the_served_version_and_its_age(api: httpx.Client, mlflow_uri: str) -> None:
    assert sample(api, "latentlens_model_version") == 1
    assert sample(api, "latentlens_model_swaps_total") == 1
    registered = Registry(mlflow_uri).current().registered_at
    assert time.time() - 3600 < registered < time.time()
    before, told, after = time.time(), sample(api, "latentlens_model_age_seconds"), time.time()
    assert before - registered <= told <= after - registered


def test_metrics_count_lists_for_people_the_model_does_not_know(api: httpx.Client) -> None:
    names = [f'latentlens_cold_starts_total{{strategy="{how}"}}' for how in ("popular", "folded_in")]
    before = [sample(api, name) for name in names]
    assert api.get("/recommend/77").json()["strategy"] == "popular"
    assert api.get("/recommend/3").json()["strategy"] == "personal"
    for movie in (101, 555, 102):
        assert api.post("/recommend", json={"ratings": [{"movie_id": movie, "rating": 4}]}).status_code == 200
    assert [sample(api, name) - count for name, count in zip(names, before, strict=True)] == [2, 2]
