"""Why a movie stands where it does, in lists that a ranker orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentlens.explain.explanation import Explainer, explain
from latentlens.explain.steering import moved, steer
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import FittedModel, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides

SVD_PART: dict[str, Any] = {"n_factors": 6, "n_epochs": 8, "lr_all": 0.02, "random_state": 1, "user_step_reg": 0.05}
RANKED: dict[str, Recommender] = {
    "hybrid": Hybrid(**SVD_PART, ranking_factors=5, ranking_reg=5.0, rating_weight=0.2),
    "ease": EASE(reg=5.0),
    "implicit-als": ImplicitALS(n_factors=6, n_epochs=5, random_state=1),
    "item-knn": ItemKNN(k=20),
}
USER = 3


@pytest.fixture(scope="module", params=list(RANKED))
def model(request: pytest.FixtureRequest) -> FittedModel:
    return RANKED[request.param].fit(small_sides().train)


def rated(model: FittedModel) -> dict[Any, float]:
    items, ratings = model.history.rows_of(model.factors.user_ids.position(USER))
    return dict(zip(model.factors.item_ids.values[items].tolist(), ratings.tolist(), strict=True))


def test_a_list_by_predicted_rating_has_no_reasons_of_its_own() -> None:
    assert explain(SVD(**SVD_PART).fit(small_sides().train), USER, 120).place is None


@pytest.mark.parametrize("n_reasons", [0, 2, 1000])
def test_what_is_for_everybody_and_the_reasons_sum_to_the_score_that_orders(model: FittedModel, n_reasons: int) -> None:
    for row in model.recommend(USER, 60, exclude_seen=False):
        place = explain(model, USER, row.movie_id, n_reasons).place
        assert place is not None
        told = [*place.reasons_for, *place.reasons_against]
        total = place.for_everybody + sum(reason.contribution for reason in told) + place.other_ratings
        assert total == pytest.approx(row.score, abs=1e-6)
        assert place.score == row.score
        assert {reason.movie_id for reason in told} <= rated(model).keys()


def test_ranks_are_places_in_the_list(model: FittedModel) -> None:
    explainer = Explainer.of_user(model, USER)
    listed = [row.movie_id for row in model.recommend(USER, 60)]
    assert [explainer.rank(movie_id) for movie_id in listed] == list(range(1, len(listed) + 1))


def test_without_a_rating_a_movie_has_the_rank_of_somebody_who_never_gave_it(model: FittedModel) -> None:
    explainer, given = Explainer.of_user(model, USER), rated(model)
    movie_id = model.recommend(USER, 5)[4].movie_id
    for found in explainer.without(movie_id, list(given)):
        others = {movie: rating for movie, rating in given.items() if movie != found.movie_id}
        # The movie whose rating is left out stays off the list.
        listed = [row.movie_id for row in model.recommend_for(others, 60) if row.movie_id != found.movie_id]
        assert found.rank == 1 + listed.index(movie_id)


def test_a_list_names_the_ratings_that_did_most_for_its_place(model: FittedModel) -> None:
    explainer = Explainer.of_user(model, USER)
    listed = model.rank(USER, 5)
    for row, reasons in zip(model.describe(listed), explainer.because(listed.items), strict=True):
        place = explainer.explain(row.movie_id, 3).place
        assert place is not None
        assert [reason.movie_id for reason in reasons] == [reason.movie_id for reason in place.reasons_for]
        adds = [reason.contribution for reason in reasons]
        assert adds == pytest.approx([reason.contribution for reason in place.reasons_for])


def test_a_steered_list_says_where_its_movies_were() -> None:
    model = RANKED["hybrid"].fit(small_sides().train)
    before = model.vector_of(USER)
    after = steer(model.factors, before, {0: 3.0})
    seen = model.rated_by(USER)
    listed = model.rank_with(after, 10, excluded=seen)
    order = model.rank_with(before, 60, excluded=seen).items.tolist()
    found = moved(model, before, after, seen, listed.items)
    assert [one.rank_before for one in found] == [1 + order.index(item) for item in listed.items.tolist()]
    assert not np.array_equal(listed.items, order[:10])
