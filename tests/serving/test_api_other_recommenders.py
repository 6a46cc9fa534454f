"""What the routes answer for models without factors, or without tastes."""

from __future__ import annotations

import httpx
import pytest

from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.popularity import Popularity

from .support import problem, ratings_table, register, wait_for_version

SENT = {"ratings": [{"movie_id": 101, "rating": 3}]}


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return BiasOnly().fit(ratings_table())


def test_a_model_without_factors_has_no_similar_movies(api: httpx.Client) -> None:
    assert "no latent factors" in problem(api.get("/similar/101"), 409)
    assert api.get("/model").json()["n_factors"] == 0


def test_a_model_without_factors_still_recommends(api: httpx.Client) -> None:
    assert len(api.get("/recommend/1").json()["recommendations"]) == 10
    assert api.post("/recommend", json=SENT).json()["strategy"] == "folded_in"


def test_a_model_that_ranks_by_popularity_says_so(api: httpx.Client, mlflow_uri: str) -> None:
    wait_for_version(api, register(mlflow_uri, Popularity().fit(ratings_table())))
    assert api.get("/recommend/1").json()["strategy"] == "popular"
    assert api.post("/recommend", json=SENT).json()["strategy"] == "popular"


def test_the_popular_list_leaves_out_what_was_rated(api: httpx.Client, mlflow_uri: str) -> None:
    wait_for_version(api, register(mlflow_uri, Popularity().fit(ratings_table())))
    most_rated, *others = (row["movie_id"] for row in api.get("/recommend/999").json()["recommendations"])
    sent = {"ratings": [{"movie_id": most_rated, "rating": 3}]}
    listed = [row["movie_id"] for row in api.post("/recommend", json=sent).json()["recommendations"]]
    assert listed[:-1] == others
