"""GET and POST /recommend, and /predict, with whole-number ids."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from latentlens.recommenders.fitted import Filters, FittedModel
from latentlens.serving import schemas

from .support import UNRATED_MOVIE, problem


def listed(reply: httpx.Response) -> list[Any]:
    assert reply.status_code == 200, reply.text
    return [movie["movie_id"] for movie in reply.json()["recommendations"]]


def test_a_known_user_gets_ten_movies_of_their_own(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/recommend/1").json()
    assert (reply["user_id"], reply["strategy"], reply["model_version"]) == (1, "personal", 1)
    expected = model.recommend(1, 10)
    assert len(expected) == 10
    assert reply["recommendations"] == [
        {
            "movie_id": movie.movie_id,
            "title": movie.title,
            "genres": movie.genres,
            "year": movie.year,
            "n_ratings": movie.n_ratings,
            "predicted_rating": movie.predicted_rating,
        }
        for movie in expected
    ]


def test_predicted_ratings_are_those_of_predict_bit_for_bit(api: httpx.Client, model: FittedModel) -> None:
    for user in (1, 17, 50):
        for movie in api.get(f"/recommend/{user}").json()["recommendations"]:
            asked = api.get("/predict", params={"user_id": user, "movie_id": movie["movie_id"]}).json()
            assert asked["predicted_rating"] == movie["predicted_rating"]
            assert asked["predicted_rating"] == model.predict([user], [movie["movie_id"]])[0]


@pytest.mark.parametrize("n", [1, 3])
def test_n_bounds_the_list(api: httpx.Client, n: int) -> None:
    assert len(listed(api.get("/recommend/1", params={"n": n}))) == n


def test_filters_apply_and_case_of_the_genre_does_not_matter(api: httpx.Client, model: FittedModel) -> None:
    asked: dict[str, Any] = {"genre": "mYSTERY", "year_from": 1975, "year_to": 2000, "n": 50}
    reply = api.get("/recommend/2", params=asked)
    assert listed(reply) == [m.movie_id for m in model.recommend(2, 50, Filters("Mystery", 1975, 2000))]
    assert all("Mystery" in movie["genres"] for movie in reply.json()["recommendations"])
    assert all(1975 <= movie["year"] <= 2000 for movie in reply.json()["recommendations"])


def test_an_unknown_user_gets_the_popular_list_and_is_told_so(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/recommend/4711", params={"genre": "Drama"})
    assert (reply.json()["user_id"], reply.json()["strategy"]) == (4711, "popular")
    assert listed(reply) == [movie.movie_id for movie in model.popular(10, Filters("Drama"))]


def test_an_unknown_user_is_a_404_where_that_is_asked_for(api: httpx.Client) -> None:
    assert "4711" in problem(api.get("/recommend/4711", params={"cold_start": "error"}), 404)
    assert api.get("/recommend/1", params={"cold_start": "error"}).status_code == 200


@pytest.mark.parametrize("user", ["abc", "1.0", "1e3", " 1", "1_0", "١", "9223372036854775808", "-9223372036854775809"])
def test_what_cannot_be_an_id_of_this_data_is_refused_not_unknown(api: httpx.Client, user: str) -> None:
    assert "the user ids of this data are whole numbers" in problem(api.get(f"/recommend/{user}"), 422)


@pytest.mark.parametrize("user", ["-1", "9223372036854775807", "-9223372036854775808"])
def test_every_whole_number_of_64_bits_may_be_asked_for(api: httpx.Client, user: str) -> None:
    reply = api.get(f"/recommend/{user}").json()
    assert (reply["user_id"], reply["strategy"]) == (int(user), "popular")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 0}, "query.n"),
        ({"n": 101}, "query.n"),
        ({"n": "ten"}, "query.n"),
        ({"cold_start": "maybe"}, "query.cold_start"),
        ({"genre": "Western"}, "Comedy, Drama, Horror, Mystery"),
        ({"year_from": 2001, "year_to": 2000}, "year_from 2001 is after year_to 2000"),
        ({"year_from": 10000}, "query.year_from"),
        ({"genres": "Drama"}, "query.genres"),
    ],
)
def test_parameters_out_of_bounds_are_named(api: httpx.Client, asked: dict[str, Any], said: str) -> None:
    assert said in problem(api.get("/recommend/1", params=asked), 422)


def test_ratings_sent_are_folded_in(api: httpx.Client, model: FittedModel) -> None:
    ratings = {101: 5.0, 102: 0.5, 103: 4.5}
    body = {"ratings": [{"movie_id": m, "rating": r} for m, r in ratings.items()], "n": 5, "year_from": 1970}
    reply = api.post("/recommend", json=body)
    assert (reply.json()["strategy"], reply.json()["model_version"]) == ("folded_in", 1)
    assert reply.json()["ignored"] == []
    assert listed(reply) == [m.movie_id for m in model.recommend_for(ratings, 5, Filters(year_from=1970))]


def test_the_ratings_of_a_known_user_give_that_user_s_list(api: httpx.Client, model: FittedModel) -> None:
    # Served users and new ones are one function of their ratings.
    items, values = model.history.rows_of(0)
    movie_ids = model.factors.item_ids.values[items].tolist()
    body = [{"movie_id": m, "rating": r} for m, r in zip(movie_ids, values.tolist(), strict=True)]
    sent = api.post("/recommend", json={"ratings": body}).json()["recommendations"]
    assert sent == api.get("/recommend/1").json()["recommendations"]


def test_movies_the_model_does_not_know_are_listed_as_ignored(api: httpx.Client) -> None:
    known = {"movie_id": 101, "rating": 5}
    unknown = [{"movie_id": 5, "rating": 1.0}, {"movie_id": UNRATED_MOVIE, "rating": 3.0}]
    reply = api.post("/recommend", json={"ratings": [known, *unknown]})
    assert (reply.json()["strategy"], reply.json()["ignored"]) == ("folded_in", [5, UNRATED_MOVIE])
    assert listed(reply) == listed(api.post("/recommend", json={"ratings": [known]}))


def test_with_no_known_movie_the_list_is_the_popular_one(api: httpx.Client) -> None:
    reply = api.post("/recommend", json={"ratings": [{"movie_id": 5, "rating": 1.0}]})
    assert (reply.json()["strategy"], reply.json()["ignored"]) == ("popular", [5])
    assert listed(reply) == listed(api.get("/recommend/4711"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"ratings": []}, "body.ratings"),
        ({"ratings": [{"movie_id": i, "rating": 3} for i in range(1001)]}, "body.ratings"),
        ({"ratings": [{"movie_id": 101, "rating": 5.5}]}, "outside the scale: give 0.5 to 5"),
        ({"ratings": [{"movie_id": 101, "rating": 0}]}, "outside the scale: give 0.5 to 5"),
        ({"ratings": [{"movie_id": 101, "rating": "5"}]}, "body.ratings.0.rating"),
        ({"ratings": [{"movie_id": 101, "rating": True}]}, "body.ratings.0.rating"),
        ({"ratings": [{"movie_id": 101, "rating": 3}, {"movie_id": 101, "rating": 4}]}, "movie 101 is rated twice"),
        ({"ratings": [{"movie_id": "101", "rating": 3}]}, "movie ids of this data are whole numbers"),
        ({"ratings": [{"movie_id": 2**63, "rating": 3}]}, "movie ids of this data are whole numbers"),
        ({"ratings": [{"movie_id": True, "rating": 3}]}, "body.ratings.0.movie_id"),
        ({"ratings": [{"movie_id": 101.0, "rating": 3}]}, "body.ratings.0.movie_id"),
        ({"ratings": [{"movie_id": 101}]}, "body.ratings.0.rating"),
        ({"ratings": [{"movie_id": 101, "rating": 3}], "n": 101}, "body.n"),
        ({"ratings": [{"movie_id": 101, "rating": 3}], "genre": "Western"}, "Comedy, Drama"),
        ({"ratings": [{"movie_id": 101, "rating": 3}], "user": 1}, "body.user"),
        ({"ratings": [{"movie_id": 101, "rating": 3}], "year_from": 2, "year_to": 1}, "year_from 2 is after"),
        ({}, "body.ratings"),
        ([], "body"),
    ],
)
def test_bodies_that_make_no_sense_are_refused(api: httpx.Client, body: Any, said: str) -> None:
    assert said in problem(api.post("/recommend", json=body), 422)


@pytest.mark.parametrize("rating", ["NaN", "Infinity", "1e999"])
def test_a_rating_that_is_no_number_is_refused(api: httpx.Client, rating: str) -> None:
    body = f'{{"ratings": [{{"movie_id": 101, "rating": {rating}}}]}}'
    reply = api.post("/recommend", content=body, headers={"content-type": "application/json"})
    assert "body.ratings.0.rating" in problem(reply, 422)


def test_a_thousand_ratings_are_accepted(api: httpx.Client) -> None:
    body = {"ratings": [{"movie_id": i, "rating": 3} for i in range(1000)]}
    reply = api.post("/recommend", json=body).json()
    # 60 of them are movies 101 to 160; 999 is in the catalogue without a rating.
    assert len(reply["ignored"]) == 940
    assert reply["recommendations"] == []


@pytest.mark.parametrize(
    ("user", "movie", "known"),
    [(1, 101, (True, True)), (4711, 101, (False, True)), (1, UNRATED_MOVIE, (True, False)), (-5, 7, (False, False))],
)
def test_predict_declares_what_it_does_not_know(
    api: httpx.Client, model: FittedModel, user: int, movie: int, known: tuple[bool, bool]
) -> None:
    reply = api.get("/predict", params={"user_id": user, "movie_id": movie}).json()
    assert reply == {
        "user_id": user,
        "movie_id": movie,
        "predicted_rating": model.predict([user], [movie])[0],
        "user_known": known[0],
        "movie_known": known[1],
        "model_version": 1,
    }


def test_predict_answers_the_bits_of_the_model(api: httpx.Client, model: FittedModel) -> None:
    pairs = [(user, movie) for user in range(1, 51, 7) for movie in range(101, 161, 9)]
    answered = [api.get("/predict", params={"user_id": u, "movie_id": m}).json()["predicted_rating"] for u, m in pairs]
    users, movies = zip(*pairs, strict=True)
    assert answered == model.predict(list(users), list(movies)).tolist()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"user_id": "1"}, "query.movie_id"),
        ({"user_id": "x", "movie_id": "101"}, "user ids of this data"),
        ({"user_id": "1", "movie_id": "x"}, "movie ids of this data"),
        ({"user_id": "1", "movie_id": "9" * 300}, "query.movie_id"),
    ],
)
def test_predict_needs_two_ids_of_this_data(api: httpx.Client, asked: dict[str, str], said: str) -> None:
    assert said in problem(api.get("/predict", params=asked), 422)


@pytest.mark.parametrize(
    ("kind", "method", "path", "sent"),
    [
        (schemas.RecommendReply, "GET", "/recommend/1?n=100", None),
        (schemas.RecommendReply, "GET", "/recommend/77", None),
        (schemas.RecommendReply, "GET", "/recommend/1?year_from=2100", None),
        (schemas.FoldedInReply, "POST", "/recommend", {"ratings": [{"movie_id": 101, "rating": 5}]}),
        (schemas.FoldedInReply, "POST", "/recommend", {"ratings": [{"movie_id": 7, "rating": 5}], "n": 1}),
    ],
)
def test_lists_have_the_bytes_that_their_schema_would_write(
    api: httpx.Client, kind: type[BaseModel], method: str, path: str, sent: Any
) -> None:
    reply = api.request(method, path, json=sent)
    assert reply.text == kind.model_validate_json(reply.content, strict=True).model_dump_json(exclude_unset=True)
