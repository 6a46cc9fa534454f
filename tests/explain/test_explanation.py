"""An explanation adds up, agrees with what is served, and says what would be otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentlens.errors import ConfigError, UnknownId
from latentlens.explain.explanation import Explainer, explain
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import ABSENT_MOVIE, ABSENT_USER, UNRATED_MOVIE, movie_id, small_sides, user_id


@pytest.fixture(scope="module", params=[False, True], ids=["int-ids", "str-ids"])
def text(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def model(text: bool) -> FittedModel:
    return SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05).fit(
        small_sides(text=text).train
    )


def rated_by(model: FittedModel, user: Any) -> dict[Any, float]:
    items, ratings = model.history.rows_of(int(model.factors.user_ids.index(user)))
    return dict(zip(model.factors.item_ids.values[items].tolist(), ratings.tolist(), strict=True))


def every_rated_movie(model: FittedModel) -> list[Any]:
    return list(model.factors.item_ids.values[model.factors.item_counts > 0].tolist())


def test_the_parts_of_every_score_sum_to_the_prediction(model: FittedModel, text: bool) -> None:
    for number in (1, 2, 40):
        user = user_id(number, text=text)
        for movie in every_rated_movie(model):
            found = explain(model, user, movie)
            index = model.factors.user_ids.index([user]), model.factors.item_ids.index([movie])
            assert found.score == pytest.approx(model.factors.score(*index)[0], abs=1e-6)
            assert found.predicted_rating == pytest.approx(model.predict([user], [movie])[0], abs=1e-6)


@pytest.mark.parametrize("n_reasons", [0, 1, 3, 1000])
def test_reasons_and_the_other_ratings_sum_to_what_is_personal(model: FittedModel, text: bool, n_reasons: int) -> None:
    found = explain(model, user_id(3, text=text), movie_id(120, text=text), n_reasons)
    told = [*found.reasons_for, *found.reasons_against]
    total = sum(reason.contribution for reason in told) + found.other_ratings
    assert total == pytest.approx(found.personal, abs=1e-6)
    assert found.n_ratings == len(rated_by(model, user_id(3, text=text)))
    assert len(told) == (found.n_ratings if n_reasons == 1000 else 2 * n_reasons)


def test_reasons_are_ratings_that_the_user_gave_the_strongest_first(model: FittedModel, text: bool) -> None:
    user = user_id(3, text=text)
    given = rated_by(model, user)
    found = explain(model, user, movie_id(120, text=text), 1000)
    for reasons, sign in ((found.reasons_for, 1), (found.reasons_against, -1)):
        strengths = [sign * reason.contribution for reason in reasons]
        assert strengths == sorted(strengths, reverse=True)
        assert min(strengths) > 0
    assert {reason.movie_id: reason.rating for reason in (*found.reasons_for, *found.reasons_against)} == given


def test_a_list_is_explained_as_its_movies_are_one_by_one(model: FittedModel, text: bool) -> None:
    user = user_id(3, text=text)
    explainer = Explainer.of_user(model, user)
    ranking = model.rank(user, 5)
    for row, reasons in zip(model.describe(ranking), explainer.because(ranking.items, 2), strict=True):
        alone = explainer.explain(row.movie_id, 2).reasons_for
        assert [reason.movie_id for reason in reasons] == [reason.movie_id for reason in alone]
        assert [reason.contribution for reason in reasons] == pytest.approx([reason.contribution for reason in alone])
    assert explainer.because(ranking.items[:0]) == []


def test_ranks_are_places_in_the_list_which_leaves_out_what_was_rated_on_any_side(text: bool) -> None:
    train, test = small_sides(text=text)
    fitted = SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05).fit(train)
    served = fitted.with_held_out(test)
    user = user_id(3, text=text)
    assert len(served.rated_by(user)) > len(fitted.rated_by(user))
    listed = [row.movie_id for row in served.recommend(user, 10)]
    explainer = Explainer.of_user(served, user)
    assert [explainer.rank(movie) for movie in listed] == list(range(1, 11))


def test_the_same_ratings_without_an_account_have_the_same_reasons(model: FittedModel, text: bool) -> None:
    user, movie = user_id(5, text=text), movie_id(115, text=text)
    known = explain(model, user, movie)
    # In another order, and with a movie that the model does not know.
    ratings = {**dict(reversed(rated_by(model, user).items())), movie_id(777, text=text): 5.0}
    new = Explainer.of_ratings(model, ratings).explain(movie)
    assert (new.reasons_for, new.reasons_against, new.score) == (known.reasons_for, known.reasons_against, known.score)


def test_a_rated_movie_is_explained_with_the_rating_it_was_given(model: FittedModel, text: bool) -> None:
    user = user_id(3, text=text)
    rated, rating = next(iter(rated_by(model, user).items()))
    assert explain(model, user, rated).given == rating
    unseen = model.recommend(user, 1)[0].movie_id
    assert explain(model, user, unseen).given is None


def test_the_rank_is_the_place_in_the_list(model: FittedModel, text: bool) -> None:
    user = user_id(3, text=text)
    given = rated_by(model, user)
    explainer = Explainer.of_user(model, user)
    listed = [row.movie_id for row in model.recommend_for(given, 1000)]
    assert len(listed) == len(every_rated_movie(model)) - len(given)
    assert [explainer.rank(movie) for movie in listed] == list(range(1, len(listed) + 1))


def test_without_a_rating_score_and_rank_are_those_of_a_refit(model: FittedModel, text: bool) -> None:
    user = user_id(3, text=text)
    given = rated_by(model, user)
    explainer = Explainer.of_user(model, user)
    movie = model.recommend_for(given, 1)[0].movie_id
    for without in explainer.without(movie, list(given)):
        others = {rated: rating for rated, rating in given.items() if rated != without.movie_id}
        # The movie whose rating is left out does not come back into the list.
        listed = [row for row in model.recommend_for(others, 1000) if row.movie_id != without.movie_id]
        place = [row.movie_id for row in listed].index(movie)
        assert without.rank == place + 1
        assert without.score == pytest.approx(listed[place].score, abs=1e-5)
        assert without.rating == given[without.movie_id]


def test_without_the_only_rating_nothing_personal_is_left(model: FittedModel, text: bool) -> None:
    movie, rated = movie_id(120, text=text), movie_id(101, text=text)
    (without,) = Explainer.of_ratings(model, {rated: 5.0}).without(movie, [rated])
    item = int(model.factors.item_ids.index(movie))
    assert without.score == pytest.approx(model.factors.global_mean + model.factors.item_bias[item])


def test_movies_that_tie_are_ranked_by_id(text: bool) -> None:
    tied = SVD(n_factors=6, n_epochs=1, random_state=1, user_step_reg=0.05).fit(small_sides(text=text).train)
    tied.factors.item_factors[:], tied.factors.item_bias[:] = tied.factors.item_factors[0], 0
    explainer = Explainer.of_ratings(tied, {movie_id(101, text=text): 4.0})
    unrated = [movie for movie in every_rated_movie(tied) if movie != movie_id(101, text=text)]
    assert [explainer.rank(movie) for movie in unrated] == list(range(1, len(unrated) + 1))


def test_who_or_what_is_unknown_is_said(model: FittedModel, text: bool) -> None:
    for user in (user_id(77, text=text), user_id(ABSENT_USER, text=text)):
        with pytest.raises(UnknownId, match="is not in the model"):
            Explainer.of_user(model, user)
    explainer = Explainer.of_user(model, user_id(3, text=text))
    for number in (777, UNRATED_MOVIE, ABSENT_MOVIE):
        with pytest.raises(UnknownId, match="nobody rated it"):
            explainer.explain(movie_id(number, text=text))
    with pytest.raises(UnknownId, match="none of the rated movies"):
        Explainer.of_ratings(model, {movie_id(777, text=text): 3.0})
    unseen = model.recommend(user_id(3, text=text), 1)[0].movie_id
    with pytest.raises(UnknownId, match="none of this person's rated movies"):
        explainer.without(unseen, [unseen])


@pytest.mark.parametrize("recommender", [SVD(n_factors=4, n_epochs=2, random_state=1), BiasOnly()])
def test_a_model_whose_users_keep_other_vectors_gives_no_reasons(recommender: Any) -> None:
    with pytest.raises(ConfigError, match="preset tuned"):
        explain(recommender.fit(small_sides().train), 1, 120)


def test_explaining_changes_nothing_in_the_model(model: FittedModel, text: bool) -> None:
    before = [np.asarray(part).tobytes() for part in (model.factors.item_counts, model.factors.item_factors)]
    explainer = Explainer.of_user(model, user_id(3, text=text))
    explainer.explain(movie_id(120, text=text))
    explainer.rank(movie_id(120, text=text))
    assert [np.asarray(part).tobytes() for part in (model.factors.item_counts, model.factors.item_factors)] == before
