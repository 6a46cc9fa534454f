"""/similar and /movies."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

from latentlens.recommenders.fitted import FittedModel

from .support import N_MOVIES, UNRATED_MOVIE, problem


def found(api: httpx.Client, **asked: Any) -> list[int]:
    reply = api.get("/movies", params=asked)
    assert reply.status_code == 200, reply.text
    return [movie["movie_id"] for movie in reply.json()["movies"]]


def test_similar_movies_come_with_their_cosine(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/similar/101", params={"n": 5}).json()
    assert (reply["movie_id"], reply["model_version"]) == (101, 1)
    assert [(m["movie_id"], m["similarity"]) for m in reply["similar"]] == [
        (movie.movie_id, cosine) for movie, cosine in model.similar(101, 5)
    ]
    q = model.factors.item_factors[model.factors.item_ids.index([101, reply["similar"][0]["movie_id"]])]
    cosine = float(q[0] @ q[1] / np.linalg.norm(q[0]) / np.linalg.norm(q[1]))
    assert reply["similar"][0]["similarity"] == pytest.approx(cosine, abs=1e-6)


@pytest.mark.parametrize("movie", [5, UNRATED_MOVIE])
def test_a_movie_the_model_does_not_know_is_a_404(api: httpx.Client, movie: int) -> None:
    assert str(movie) in problem(api.get(f"/similar/{movie}"), 404)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/similar/x", "movie ids of this data"),
        ("/similar/101?n=101", "query.n"),
        ("/movies?limit=0", "query.limit"),
        ("/movies?limit=101", "query.limit"),
        ("/movies?offset=-1", "query.offset"),
        ("/movies?genre=Western", "Comedy, Drama, Horror, Mystery"),
        ("/movies?year_from=2000&year_to=1999", "exchange them"),
        ("/movies?title=x", "query.title"),
    ],
)
def test_requests_out_of_bounds_are_refused(api: httpx.Client, path: str, said: str) -> None:
    assert said in problem(api.get(path), 422)


def test_all_movies_are_listed_most_rated_first(api: httpx.Client, model: FittedModel) -> None:
    reply = api.get("/movies", params={"limit": 100}).json()
    assert (reply["total"], reply["offset"], reply["model_version"]) == (N_MOVIES + 1, 0, 1)
    counts = [movie["n_ratings"] for movie in reply["movies"]]
    assert counts == sorted(model.factors.item_counts.tolist(), reverse=True)
    assert reply["movies"][-1] == {
        "movie_id": UNRATED_MOVIE,
        "title": "Untold",
        "genres": ["Horror"],
        "year": 2030,
        "n_ratings": 0,
    }


def test_pages_follow_each_other_without_gap_or_overlap(api: httpx.Client) -> None:
    pages = [found(api, limit=25, offset=offset) for offset in (0, 25, 50, 75)]
    assert [len(page) for page in pages] == [25, 25, 11, 0]
    assert [movie for page in pages for movie in page] == found(api, limit=100)


def test_titles_are_searched_whatever_the_case(api: httpx.Client) -> None:
    # "Story 5" and "Story 50" to "Story 59".
    assert sorted(found(api, query="sTORY 5")) == [106, *range(151, 161)]
    assert found(api, query="no such title") == []


def test_search_and_filters_join(api: httpx.Client) -> None:
    # "Story 5x" with x in 0..9 has the genre of index 5x % 3: those of remainder 0 are comedies.
    assert sorted(found(api, query="story 5", genre="comedy", year_from=2011)) == [152, 155, 158]
    assert found(api, year_from=2030, year_to=2030) == [UNRATED_MOVIE]
