"""What the routes answer for models whose lists are not ordered by predicted rating."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import FittedModel, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN

from .support import ratings_table

RANKED: dict[str, Recommender] = {
    "autoencoder": EASE(reg=5.0),
    "implicit": ImplicitALS(n_factors=6, n_epochs=5, random_state=0),
    "neighbours": ItemKNN(k=10),
    "hybrid": Hybrid(8, 10, random_state=0, user_step_reg=0.05, ranking_factors=6, ranking_reg=5.0),
}


@pytest.fixture(scope="module", params=list(RANKED))
def model(request: pytest.FixtureRequest) -> FittedModel:
    return RANKED[request.param].fit(ratings_table())


def test_a_list_is_that_of_the_model_with_the_ratings_that_it_predicts(api: httpx.Client, model: FittedModel) -> None:
    assert api.get("/model").json()["ranks_by"] == model.ranks_by
    reply = api.get("/recommend/1").json()
    assert reply["strategy"] == "personal"
    listed: list[dict[str, Any]] = reply["recommendations"]
    assert [row["movie_id"] for row in listed] == [row.movie_id for row in model.recommend(1)]
    for row in listed:
        predicted = api.get("/predict", params={"user_id": 1, "movie_id": row["movie_id"]}).json()
        assert row["predicted_rating"] == predicted["predicted_rating"]


def test_ratings_that_are_sent_get_the_list_of_a_user_who_gave_them(api: httpx.Client, model: FittedModel) -> None:
    items, values = model.history.rows_of(model.factors.user_ids.position(1))
    ratings = [
        {"movie_id": movie_id, "rating": rating}
        for movie_id, rating in zip(model.factors.item_ids.values[items].tolist(), values.tolist(), strict=True)
    ]
    folded = api.post("/recommend", json={"ratings": ratings}).json()
    assert folded["strategy"] == "folded_in"
    known = api.get("/recommend/1").json()["recommendations"]
    assert [row["movie_id"] for row in folded["recommendations"]] == [row["movie_id"] for row in known]


def test_a_place_is_the_sum_of_its_reasons(api: httpx.Client) -> None:
    listed = api.get("/recommend/1", params={"explain": True}).json()["recommendations"]
    for rank, row in enumerate(listed[:3], 1):
        found = api.get(f"/explain/1/{row['movie_id']}", params={"without": True, "n_reasons": 3}).json()
        place = found["place"]
        told = [*place["reasons_for"], *place["reasons_against"]]
        total = place["for_everybody"] + sum(reason["adds"] for reason in told) + place["other_ratings"]
        assert total == pytest.approx(place["score"], abs=1e-5)
        assert found["rank"] == rank
        assert [reason["movie_id"] for reason in row["because"]] == [
            reason["movie_id"] for reason in place["reasons_for"]
        ]
