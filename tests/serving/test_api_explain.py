"""Reasons and axes over HTTP: they add up, agree with the other routes, and say what cannot be told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from latentlens.recommenders.fitted import FittedModel

from .support import N_MOVIES, UNRATED_MOVIE, problem


@pytest.fixture(scope="module")
def model(svd_with_axes: FittedModel) -> FittedModel:
    return svd_with_axes


def explained(api: httpx.Client, user: int = 1, movie: int = 103, **asked: Any) -> dict[str, Any]:
    reply = api.get(f"/explain/{user}/{movie}", params=asked)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


def test_the_parts_add_up_to_the_score_and_to_what_predict_answers(api: httpx.Client) -> None:
    for movie in range(101, 111):
        found = explained(api, movie=movie)
        stars = sum(share["stars"] for share in found["axes"]) + found["other_axes"]
        parts = found["global_mean"] + found["user_bias"] + found["movie_bias"] + stars
        assert found["score"] == pytest.approx(parts, abs=1e-9)
        predicted = api.get("/predict", params={"user_id": 1, "movie_id": movie}).json()["predicted_rating"]
        assert found["predicted_rating"] == pytest.approx(predicted, abs=1e-6)
        for share in found["axes"]:
            assert share["stars"] == pytest.approx(share["taste"] * share["trait"], abs=1e-9)


def test_the_reasons_add_up_to_what_is_personal(api: httpx.Client) -> None:
    found = explained(api, n_reasons=2)
    assert (len(found["reasons_for"]), len(found["reasons_against"])) == (2, 2)
    told = sum(reason["stars"] for reason in (*found["reasons_for"], *found["reasons_against"]))
    personal = found["score"] - found["global_mean"] - found["movie_bias"]
    assert told + found["other_ratings"] == pytest.approx(personal, abs=1e-6)
    assert found["text"].startswith(found["title"])
    assert found["reasons_for"][0]["title"] in found["text"]


def test_the_rank_is_the_place_in_recommend_and_what_it_would_be_is_told_if_asked(api: httpx.Client) -> None:
    listed = [row["movie_id"] for row in api.get("/recommend/1").json()["recommendations"]]
    for place, movie in enumerate(listed[:3], start=1):
        found = explained(api, movie=movie, without=True, n_reasons=3)
        assert found["rank"] == place
        assert len(found["without"]) == len(found["reasons_for"]) + len(found["reasons_against"])
        assert all(str(one["rank"]) in one["text"] for one in found["without"])
    assert (explained(api)["rank"], explained(api)["without"]) == (None, None)


def test_a_rated_movie_is_explained_with_its_rating(api: httpx.Client) -> None:
    listed = {row["movie_id"] for row in api.get("/recommend/1", params={"n": 100}).json()["recommendations"]}
    rated = next(movie for movie in range(101, 101 + N_MOVIES) if movie not in listed)
    assert explained(api, movie=rated)["given"] is not None
    assert explained(api, movie=min(listed))["given"] is None


def test_axes_are_listed_with_how_sure_they_are_and_each_has_a_card(api: httpx.Client) -> None:
    axes = api.get("/axes").json()["axes"]
    assert [axis["axis"] for axis in axes] == list(range(1, len(axes) + 1))
    assert axes[0]["variance_share"] == max(axis["variance_share"] for axis in axes)
    card = api.get("/axes/1").json()
    assert {name: card[name] for name in axes[0]} == axes[0]
    assert len(card["matches"]) == 2
    traits = [movie["trait"] for movie in card["positive_movies"]]
    assert traits == sorted(traits, reverse=True)
    assert traits[-1] > 0


def test_a_list_names_the_ratings_behind_each_movie_if_asked(api: httpx.Client) -> None:
    plain = api.get("/recommend/1", params={"n": 3}).json()["recommendations"]
    told = api.get("/recommend/1", params={"n": 3, "explain": True}).json()["recommendations"]
    assert [{name: row[name] for name in plain[0]} for row in told] == plain
    for row in told:
        reasons = explained(api, movie=row["movie_id"], n_reasons=3)["reasons_for"]
        assert [reason["movie_id"] for reason in row["because"]] == [reason["movie_id"] for reason in reasons]
    strangers = api.get("/recommend/999", params={"explain": True}).json()
    assert strangers["strategy"] == "popular"
    assert all(row["because"] == [] for row in strangers["recommendations"])


RATINGS = [{"movie_id": 101, "rating": 5.0}, {"movie_id": 104, "rating": 1.0}, {"movie_id": 777, "rating": 3.0}]


def test_somebody_new_is_given_reasons_at_once(api: httpx.Client) -> None:
    reply = api.post("/recommend", json={"ratings": RATINGS, "n": 4, "explain": True}).json()
    assert reply["strategy"] == "folded_in"
    assert {reason["movie_id"] for row in reply["recommendations"] for reason in row["because"]} <= {101, 104}
    assert any(row["because"] for row in reply["recommendations"])


def test_a_list_is_steered_and_says_what_moved(api: httpx.Client) -> None:
    everything = api.post("/recommend", json={"ratings": RATINGS, "n": 60}).json()["recommendations"]
    plain = [row["movie_id"] for row in everything]
    wish = {"ratings": RATINGS, "n": 5, "steer": [{"toward": 1, "offset": 2}, {"toward": "2", "offset": -1}]}
    steered = api.post("/recommend", json=wish).json()["recommendations"]
    assert [row["movie_id"] for row in steered] != plain[:5]
    for row in steered:
        assert row["rank_before"] == plain.index(row["movie_id"]) + 1
        assert [move["axis"] for move in row["moved"]] == [1, 2]
    # Whoever nothing is known of can be steered, too.
    stranger = {"ratings": [{"movie_id": 777, "rating": 3.0}], "steer": [{"toward": 1, "offset": 3}]}
    assert api.post("/recommend", json=stranger).json()["strategy"] == "steered"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"toward": 99, "offset": 1}, "There is no axis"),
        ({"toward": "sadness", "offset": 1}, "No end of an axis is called 'sadness'"),
        ({"toward": 1, "offset": 3.5}, "less than or equal to 3"),
        ({"toward": 1}, "offset"),
    ],
)
def test_steering_that_is_not_possible_is_refused(api: httpx.Client, wish: dict[str, Any], said: str) -> None:
    assert said in problem(api.post("/recommend", json={"ratings": RATINGS, "steer": [wish]}), 422)


def test_a_taste_is_told_on_each_steady_axis(api: httpx.Client) -> None:
    steady = [axis["axis"] for axis in api.get("/axes").json()["axes"] if "unstable" not in axis["confidence"]]
    found = api.get("/users/1/taste").json()["tastes"]
    assert steady
    assert [taste["axis"] for taste in found] == steady
    assert all((taste["stars"] >= 0) == (taste["taste"] >= 0) for taste in found)
    assert "is not in the model" in problem(api.get("/users/999/taste"), 404)


def test_similar_movies_name_the_ends_that_they_share(api: httpx.Client) -> None:
    ends = {axis[end] for axis in api.get("/axes").json()["axes"] for end in ("negative", "positive")}
    rows = api.get("/similar/101").json()["similar"]
    assert all(set(row["both"]) <= ends for row in rows)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/explain/999/101", 404, "User 999 is not in the model"),
        (f"/explain/1/{UNRATED_MOVIE}", 404, "nobody rated it"),
        ("/explain/1/777", 404, "nobody rated it"),
        ("/explain/x/101", 422, "not a user id"),
        ("/explain/1/101?n_reasons=-1", 422, "n_reasons"),
        ("/explain/1/101?n_reasons=101", 422, "n_reasons"),
        ("/explain/1/101?reasons=3", 422, "reasons"),
        ("/axes/9999", 404, "There is no axis 9999"),
        ("/axes/0", 422, "number"),
        ("/axes/first", 422, "number"),
    ],
)
def test_what_cannot_be_explained_is_said(api: httpx.Client, path: str, status: int, said: str) -> None:
    assert said in problem(api.get(path), status)
