"""What the routes answer for text ids."""

from __future__ import annotations

import httpx
import pytest

from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD

from .support import problem, ratings_table


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return SVD(n_factors=4, n_epochs=3, random_state=0, user_step_reg=0.05).fit(ratings_table(text_ids=True))


def test_ids_stay_text(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/recommend/u1").json()
    assert (reply["user_id"], reply["strategy"]) == ("u1", "personal")
    assert reply["recommendations"][0]["movie_id"] == model.recommend("u1", 1)[0].movie_id
    assert api.get("/similar/m101").json()["movie_id"] == "m101"


def test_digits_are_an_unknown_text(api: httpx.Client) -> None:
    reply = api.get("/recommend/1").json()
    assert (reply["user_id"], reply["strategy"]) == ("1", "popular")


def test_predict_answers_the_bits_of_the_model(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/predict", params={"user_id": "u7", "movie_id": "m120"}).json()
    assert reply["predicted_rating"] == model.predict(["u7"], ["m120"])[0]
    assert reply["user_known"]
    assert reply["movie_known"]


def test_a_text_that_only_ends_in_nul_is_not_the_id_before_it(api: httpx.Client) -> None:
    assert "user ids of this data are text" in problem(api.get("/recommend/u1%00"), 422)


def test_numbers_in_a_body_are_refused(api: httpx.Client) -> None:
    body = {"ratings": [{"movie_id": 101, "rating": 3}]}
    assert "such as 'm101'" in problem(api.post("/recommend", json=body), 422)


def test_ratings_are_folded_in(api: httpx.Client) -> None:
    body = {"ratings": [{"movie_id": "m101", "rating": 5}, {"movie_id": "x", "rating": 5}]}
    reply = api.post("/recommend", json=body).json()
    assert (reply["strategy"], reply["ignored"]) == ("folded_in", ["x"])
