"""Lists of the test side's users, and what is made of them."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from latentlens.errors import ConfigError, DataError
from latentlens.evaluation.ranking import Lists, ranked
from latentlens.evaluation.ranking_report import measured
from latentlens.evaluation.slices import Slice
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.popularity import Popularity

# (user, movie, rating). Movies 1 to 4 have 4, 3, 2 and 1 train ratings, in this order of every list.
TRAIN = [(user, movie, 3) for user in range(1, 5) for movie in range(1, user + 1)]
TEST = [
    *[(1, 2, 5), (1, 3, 1), (1, 4, 4)],
    # Nobody rated movie 5 in train.
    (2, 5, 4),
    # Not liked.
    (3, 4, 3),
    # The fit does not know user 5.
    (5, 1, 5),
]
GENRES = (np.arange(1, 6), Catalogue.of(list("abcde"), [0] * 5, [["War"], ["War"], ["Noir"], ["War"], []]))


def sides(train: list[tuple[int, int, int]] = TRAIN, test: list[tuple[int, int, int]] = TEST) -> list[Ratings]:
    users, movies, ratings = (np.array(column) for column in zip(*train, *test, strict=True))
    both = Ratings.of(users, movies, ratings, scale=(1, 5), catalogue=GENRES)
    return [both.take(np.arange(len(train)), ""), both.take(np.arange(len(train), len(both)), "")]


@pytest.fixture(scope="module")
def test_side() -> Ratings:
    return sides()[1]


@pytest.fixture(scope="module")
def popular() -> FittedModel:
    return Popularity().fit(sides()[0])


def same(one: Lists, other: Lists) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


def test_every_known_user_with_a_liked_test_movie_gets_a_list_and_its_hits(
    popular: FittedModel, test_side: Ratings
) -> None:
    lists = ranked(popular, test_side, k=2)
    # Users 1 and 2 by index; the unseen movies of each, most rated first.
    assert lists.users.tolist() == [0, 1]
    assert lists.items.tolist() == [[1, 2], [2, 3]]
    assert lists.hits.tolist() == [[True, False], [False, False]]
    assert lists.n_relevant.tolist() == [2, 1]
    assert (lists.wanted.tolist(), lists.found.tolist()) == ([1, 3, 4], [True, False, False])
    assert (lists.liked, lists.n_missing, lists.n_new_users) == (4, 1, 1)
    assert lists.items.dtype == np.int32


def test_what_counts_as_liked_can_be_said(popular: FittedModel, test_side: Ratings) -> None:
    every = ranked(popular, test_side, k=2, liked=1)
    assert every.users.tolist() == [0, 1, 2]
    assert every.n_relevant.tolist() == [3, 1, 1]
    assert ranked(popular, test_side, k=2, liked=5).n_relevant.tolist() == [1]


@pytest.mark.parametrize(("scale", "liked"), [((1, 5), 4), ((0.5, 5), 3.875), ((0, 100), 75)])
def test_the_upper_quarter_of_the_scale_is_liked(
    popular: FittedModel, test_side: Ratings, scale: tuple[float, float], liked: float
) -> None:
    assert ranked(popular, replace(test_side, scale=scale, stars=Stars.of(test_side.rating * 20)), k=1).liked == liked


def test_a_recorded_model_that_knows_the_test_side_gives_the_same_lists(
    popular: FittedModel, test_side: Ratings
) -> None:
    recorded = popular.with_held_out(test_side)
    assert same(ranked(recorded, test_side, k=2), ranked(popular, test_side, k=2))
    assert same(
        ranked(recorded, test_side, k=2, negatives=2, seed=1), ranked(popular, test_side, k=2, negatives=2, seed=1)
    )
    reports = [measured(model, ranked(popular, test_side, k=2)) for model in (recorded, popular)]
    assert reports[0].popularity_bias == reports[1].popularity_bias


def test_what_a_model_knows_to_be_rated_is_not_listed_unless_it_is_tested(
    popular: FittedModel, test_side: Ratings
) -> None:
    watched = test_side.take(np.array([1]), "watched")
    tested = test_side.take(np.array([0, 2]), "tested")
    knowing = popular.with_held_out(watched, tested)
    # User 1 rated movie 1, and movie 3, which was watched.
    assert ranked(knowing, tested, 3).items.tolist() == [[1, 3, -1]]


@pytest.mark.parametrize("most", [1, 5, 99])
def test_no_more_users_are_asked_for_than_wanted_and_theirs_are_the_lists_that_they_have(most: int) -> None:
    random = np.random.default_rng(5)
    rated = [(user, movie, int(random.integers(1, 6))) for user in range(1, 30) for movie in range(1, 9)]
    train, test = sides(rated[::2], rated[1::2])
    model = Popularity().fit(train)
    whole, few = ranked(model, test, 3), ranked(model, test, 3, most_users=most)
    assert len(few.users) == min(most, len(whole.users))
    assert same(few, ranked(model, test, 3, most_users=most))
    rows = np.searchsorted(whole.users, few.users)
    for name in ("users", "items", "hits", "n_relevant"):
        assert np.array_equal(getattr(few, name), getattr(whole, name)[rows])
    assert len(few.wanted) == few.n_relevant.sum()
    if most < 99:
        assert not np.array_equal(few.users, ranked(model, test, 3, most_users=most, seed=3).users)


def test_who_has_seen_nearly_all_gets_a_short_list_and_who_has_seen_all_an_empty_one() -> None:
    train, test = sides(test=[(3, 5, 5), (4, 5, 5)])
    model = Popularity().fit(train)
    lists = ranked(model, test, k=2)
    assert lists.items.tolist() == [[3, -1], [-1, -1]]
    assert not lists.hits.any()
    report = measured(model, lists)
    assert report.per_user["precision"].tolist() == [0, 0]
    assert report.per_user["popularity"].tolist() == [1, pytest.approx(np.nan, nan_ok=True)]
    assert report.mean("popularity") == 1
    # Not one list has two movies that could differ.
    assert np.isnan(report.mean("diversity"))


def test_the_report_has_every_metric_worked_by_hand(popular: FittedModel, test_side: Ratings) -> None:
    report = measured(popular, ranked(popular, test_side, k=2))
    per_user: dict[str, list[float]] = {
        "precision": [1 / 2, 0],
        "recall": [1 / 2, 0],
        "ndcg": [1 / (1 + 1 / log2(3)), 0],
        "map": [1 / 2, 0],
        "mrr": [1, 0],
        "hit_rate": [1, 0],
        # Of 4 users, 3 and 2 rated what user 1 is shown, 2 and 1 what user 2 is.
        "novelty": [(log2(4 / 3) + log2(4 / 2)) / 2, (log2(4 / 2) + log2(4 / 1)) / 2],
        # War and noir, noir and war.
        "diversity": [1, 1],
        "popularity": [(3 + 2) / 2, (2 + 1) / 2],
    }
    assert report.per_user.keys() == per_user.keys()
    for name, expected in per_user.items():
        assert report.per_user[name].dtype == np.float32
        assert report.per_user[name].tolist() == pytest.approx(expected)
        assert report.mean(name) == pytest.approx(np.mean(expected))
    # Movies 2, 3 and 4 of the four that the fit knows, movie 3 twice.
    assert report.coverage == 3 / 4
    assert report.gini == pytest.approx((-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / (4 * 4))
    # User 1 rated a movie of 4 ratings, user 2 one of 4 and one of 3.
    assert report.popularity_bias == pytest.approx((2.5 + 1.5) / 2 / ((4 + 3.5) / 2))
    assert report.ndcg_by_activity == [Slice(1, 2, 2, report.mean("ndcg"))]
    assert report.recall_by_popularity == [Slice(0, 0, 1, 0), Slice(1, 2, 1, 0), Slice(3, 9, 1, 1)]
    assert (report.k, report.liked, report.users.tolist()) == (2, 4, [0, 1])
    assert (report.n_users, report.n_relevant, report.n_missing, report.n_new_users) == (2, 3, 1, 1)


def test_perfect_foresight_gets_full_marks() -> None:
    # Both test movies of user 1 are the most rated of those that are new to the user.
    train, test = sides(test=[(1, 2, 5), (1, 3, 5)])
    model = Popularity().fit(train)
    report = measured(model, ranked(model, test, k=2))
    for name in ("precision", "recall", "ndcg", "map", "mrr", "hit_rate"):
        assert report.mean(name) == 1


# Any ratings


@st.composite
def any_sides(draw: st.DrawFn) -> list[Ratings]:
    """Ten users, twelve movies; every user has a train rating and some a test rating."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    users, movies = np.nonzero(random.random((10, 12)) < draw(st.floats(0.3, 0.9)))
    users, movies = np.append(users, np.arange(10)), np.append(movies, random.integers(12, size=10))
    both = Ratings.of(users, movies, random.integers(1, 6, len(users)), scale=(1, 5))
    on_test = random.random(len(both)) < 0.4
    on_test[np.unique(both.user_index, return_index=True)[1]] = False
    rows = np.flatnonzero(on_test)
    return [both.take(np.flatnonzero(~on_test), ""), both.take(rows, "")]


@given(any_sides(), st.integers(1, 5))
@settings(deadline=None)
def test_lists_and_hits_are_those_of_a_loop_over_users(both: list[Ratings], k: int) -> None:
    train, test = both
    model = BiasOnly().fit(train)
    liked: dict[int, set[int]] = {u: set() for u in range(train.n_users)}
    for user, item, rating in zip(test.user_index.tolist(), test.item_index.tolist(), test.rating, strict=True):
        if rating >= 4:
            liked[user].add(item)
    assume(any(liked.values()))
    lists = ranked(model, test, k)
    assert lists.users.tolist() == [user for user, items in liked.items() if items]
    for row, user in enumerate(lists.users.tolist()):
        known = np.flatnonzero(train.item_counts)
        unseen = np.setdiff1d(known, train.item_index[train.user_index == user])
        scores = model.factors.score(np.full(len(unseen), user), unseen)
        expected = unseen[np.argsort(-scores, kind="stable")[:k]].tolist()
        assert lists.items[row].tolist() == expected + [-1] * (k - len(expected))
        assert lists.hits[row].tolist() == [item in liked[user] for item in lists.items[row].tolist()]
        assert lists.n_relevant[row] == len(liked[user])
    found = [item in lists.items[row] for row, user in enumerate(lists.users.tolist()) for item in sorted(liked[user])]
    assert lists.found.tolist() == found


@given(any_sides(), st.integers(0, 99))
@settings(deadline=None)
def test_neither_the_order_of_the_rows_nor_the_names_of_the_users_matter(both: list[Ratings], seed: int) -> None:
    random = np.random.default_rng(seed)
    train, test = both
    assume(len(test))
    names = random.permutation(train.n_users)
    shuffled = [side.take(random.permutation(len(side)), "") for side in both]
    renamed = [replace(side, user_index=names[side.user_index].astype(np.int32)) for side in shuffled]
    lists, other = (ranked(Popularity().fit(fitted), tested, 3, liked=1) for fitted, tested in (both, renamed))
    order = np.argsort(names[lists.users])
    assert names[lists.users][order].tolist() == other.users.tolist()
    assert lists.items[order].tolist() == other.items.tolist()
    assert lists.hits[order].tolist() == other.hits.tolist()


def test_ties_go_to_the_smaller_index() -> None:
    # Three movies with one rating each, and one that user 1 has seen.
    train, test = sides(train=[(1, 1, 3), (2, 2, 3), (2, 3, 3), (2, 4, 3)], test=[(1, 3, 5)])
    model = Popularity().fit(train)
    assert ranked(model, test, k=3).items.tolist() == [[1, 2, 3]]
    assert ranked(model, test, k=2, negatives=2).items[0].tolist() == [1, 2]


# Sampled negatives


@given(any_sides(), st.integers(2, 8), st.integers(0, 99))
@settings(deadline=None)
def test_only_relevant_and_drawn_movies_compete_and_drawn_ones_are_rated_on_no_side(
    both: list[Ratings], negatives: int, seed: int
) -> None:
    train, test = both
    assume((test.rating >= 4).any() and (train.item_counts > 0).sum() >= 8)
    model = BiasOnly().fit(train)
    lists = ranked(model, test, 2, negatives=negatives, seed=seed)
    assert same(lists, ranked(model, test, 2, negatives=negatives, seed=seed))
    for row, user in enumerate(lists.users.tolist()):
        listed = lists.items[row][lists.items[row] >= 0]
        # Not even a relevant one competes if the fit has not seen it.
        assert (train.item_counts[listed] > 0).all()
        missed = listed[~lists.hits[row][: len(listed)]]
        for side in both:
            assert not np.isin(missed, side.item_index[side.user_index == user]).any()
        # Nobody else bears on a user's list.
        alone = test.take(np.flatnonzero(test.user_index == user), "")
        assert ranked(model, alone, 2, negatives=negatives, seed=seed).items.tolist() == [lists.items[row].tolist()]


def test_another_seed_draws_other_negatives() -> None:
    train, test = sides(train=[(1, 1, 3), *((2, movie, 3) for movie in range(1, 61))], test=[(1, 60, 5)])
    model = Popularity().fit(train)
    lists = [ranked(model, test, k=5, negatives=5, seed=seed).items.tolist() for seed in (1, 1, 2)]
    assert lists[0] == lists[1] != lists[2]


def test_all_unrated_movies_as_negatives_give_the_list_of_all() -> None:
    train, test = sides(test=[(1, 2, 5)])
    model = Popularity().fit(train)
    assert same(ranked(model, test, k=2, negatives=4), ranked(model, test, k=2))


def test_fewer_compete_so_that_hits_are_easier() -> None:
    random = np.random.default_rng(0)
    users, movies = np.nonzero(random.random((60, 200)) < np.linspace(0.5, 0.05, 200))
    both = Ratings.of(users, movies, random.integers(1, 6, len(users)), scale=(1, 5))
    on_test = random.random(len(both)) < 0.2
    train, test = both.take(np.flatnonzero(~on_test), ""), both.take(np.flatnonzero(on_test), "")
    model = Popularity().fit(train)
    full, sampled = (measured(model, ranked(model, test, negatives=n)).mean("ndcg") for n in (None, 20))
    assert sampled > full + 0.1


# Bad input


@pytest.mark.parametrize("k", [0, -1, 5])
def test_a_list_of_none_or_of_more_than_all_is_refused(popular: FittedModel, test_side: Ratings, k: int) -> None:
    with pytest.raises(ConfigError, match=f"k is {k}, and 4 movies compete for a place: give 1 to 4"):
        ranked(popular, test_side, k)


def test_a_list_of_more_than_the_negatives_is_refused(popular: FittedModel, test_side: Ratings) -> None:
    with pytest.raises(ConfigError, match="k is 3, and 2 movies compete"):
        ranked(popular, test_side, 3, negatives=2)
    with pytest.raises(ConfigError, match="negatives is 0"):
        ranked(popular, test_side, 1, negatives=0)


def test_a_test_side_that_nobody_likes_or_nobody_knows_is_refused(popular: FittedModel, test_side: Ratings) -> None:
    of_new = test_side.take(np.flatnonzero(test_side.user_index == 4), "")
    nothing = test_side.take(np.arange(0), "")
    for side, liked in ((test_side, 6), (test_side, float("nan")), (of_new, 4), (nothing, 4)):
        with pytest.raises(DataError, match=f"No user that the fit knows has a test rating of {liked} or more"):
            ranked(popular, side, 1, liked=liked)


def test_ratings_that_are_all_equal_do_not_say_what_is_liked(popular: FittedModel, test_side: Ratings) -> None:
    equal = replace(test_side, stars=Stars.of(np.ones(len(test_side))), scale=(1.0, 1.0))
    with pytest.raises(DataError, match="All ratings are 1, so none says what is liked: say liked=1"):
        ranked(popular, equal, 1)
    assert ranked(popular, equal, 1, liked=1).n_relevant.tolist() == [3, 1, 1]
