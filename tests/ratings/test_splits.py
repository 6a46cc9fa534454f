from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.splits import draw, hold_out, k_folds, leave_last_n, most_active, random_split, time_cut
from latentlens.ratings.table import Note, Ratings


def grid(n_users: int, n_movies: int) -> Ratings:
    """Every user rated every movie; a rating's timestamp is its row."""
    users = np.repeat(np.arange(n_users), n_movies)
    movies = np.tile(np.arange(n_movies), n_users)
    return Ratings.of(users, movies, 1.0 + movies % 5, np.arange(len(users)))


def rows_of(ratings: Ratings) -> list[int]:
    assert ratings.timestamp is not None
    return [int(row) for row in ratings.timestamp]


@given(st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_a_random_split_puts_each_row_on_one_side_and_the_share_on_test(test_size: float, seed: int) -> None:
    ratings = grid(6, 5)
    split = random_split(ratings, test_size, seed)
    assert sorted(rows_of(split.train) + rows_of(split.test)) == rows_of(ratings)
    assert len(split.test) == round(30 * test_size)


def test_a_random_split_depends_on_its_seed_only() -> None:
    ratings = grid(6, 5)
    assert rows_of(random_split(ratings, 0.2, 1).test) == rows_of(random_split(ratings, 0.2, 1).test)
    assert rows_of(random_split(ratings, 0.2, 1).test) != rows_of(random_split(ratings, 0.2, 2).test)


def test_both_sides_keep_every_id_and_say_how_they_were_made() -> None:
    split = random_split(grid(2, 5), 0.2, 3)
    assert split.rule == "random, test_size=0.2, seed=3"
    assert split.train.n_items == split.test.n_items == 5
    assert split.train.origin.notes[-1] == Note("train side: random, test_size=0.2, seed=3", 8)
    assert split.test.origin.notes[-1] == Note("test side: random, test_size=0.2, seed=3", 2)


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.1, 20.0, float("nan")])
def test_a_share_that_is_none_is_refused(test_size: float) -> None:
    with pytest.raises(ConfigError, match="test_size"):
        random_split(grid(2, 5), test_size)


@pytest.mark.parametrize(("test_size", "side"), [(0.01, "test"), (0.99, "train")])
def test_a_split_with_an_empty_side_is_refused(test_size: float, side: str) -> None:
    with pytest.raises(DataError, match=f"{side} side empty"):
        random_split(grid(2, 5), test_size)


def test_the_last_ratings_of_each_user_are_left_out_and_short_histories_stay_in_train() -> None:
    users = np.array([1, 2, 1, 1, 3, 3, 3])
    times = np.array([30, 5, 10, 20, 1, 1, 1])
    ratings = Ratings.of(users, np.arange(7), np.full(7, 3.0), times)
    split = leave_last_n(ratings, 1)
    # User 1 ends with movie 0, user 2 has one rating; of user 3's equal times the last row counts as last.
    assert split.test.item_index.tolist() == [0, 6]
    assert split.train.item_index.tolist() == [1, 2, 3, 4, 5]
    assert leave_last_n(ratings, 2).test.item_index.tolist() == [0, 3, 5, 6]
    assert split.rule == "leave-last-1"


def test_leaving_out_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        leave_last_n(grid(2, 2), 0)


def test_leaving_out_the_last_needs_timestamps() -> None:
    with pytest.raises(DataError, match="no timestamps"):
        leave_last_n(Ratings.of(np.array([1, 1]), np.array([1, 2]), np.array([3.0, 4.0])))


def test_leaving_out_the_last_needs_someone_with_more_ratings() -> None:
    with pytest.raises(DataError, match="test side empty"):
        leave_last_n(grid(3, 2), 2)


def test_a_time_cut_puts_the_latest_of_all_on_the_test_side_and_a_second_on_one() -> None:
    times = np.array([50, 10, 40, 20, 40, 40, 30, 0, 5, 60])
    ratings = Ratings.of(np.arange(10) // 2, np.arange(10), np.full(10, 3.0), times)
    split = time_cut(ratings, 0.3)
    # A share of .3 is three rows, 60, 50 and one of the three of second 40: the others come with it.
    assert rows_of(split.test) == [50, 40, 40, 40, 60]
    assert rows_of(split.train) == [10, 20, 30, 0, 5]
    assert split.rule == "time cut, test_size=0.3, from 1970-01-01T00:00:40"
    assert rows_of(time_cut(ratings, 0.01).test) == [60]


@given(st.lists(st.integers(0, 20), min_size=2, max_size=40).filter(lambda times: len(set(times)) > 1))
def test_everything_before_the_cut_is_train_and_the_test_side_has_its_share(times: list[int]) -> None:
    n = len(times)
    ratings = Ratings.of(np.arange(n), np.arange(n), np.full(n, 3.0), np.array([0, *times[1:-1], 99]))
    split = time_cut(ratings, 1 / n)
    assert max(rows_of(split.train)) < min(rows_of(split.test))
    assert len(split.train) + len(split.test) == n


def test_a_time_cut_needs_times_that_differ() -> None:
    ratings = Ratings.of(np.arange(4), np.arange(4), np.full(4, 3.0), np.full(4, 7))
    with pytest.raises(DataError, match="train side empty"):
        time_cut(ratings)
    with pytest.raises(DataError, match="no timestamps"):
        time_cut(Ratings.of(np.arange(4), np.arange(4), np.full(4, 3.0)))
    with pytest.raises(ConfigError, match="test_size is 1"):
        time_cut(ratings, 1)


@given(st.integers(2, 30), st.integers(0, 2**32))
def test_each_row_is_in_one_fold_and_folds_are_of_one_size(k: int, seed: int) -> None:
    ratings = grid(6, 5)
    splits = list(k_folds(ratings, k, seed))
    assert len(splits) == k
    assert sorted(row for split in splits for row in rows_of(split.test)) == rows_of(ratings)
    for split in splits:
        assert len(split.test) in (30 // k, -(-30 // k))
        assert sorted(rows_of(split.train) + rows_of(split.test)) == rows_of(ratings)


def test_folds_are_random_by_their_seed() -> None:
    first, again, other = (next(k_folds(grid(6, 5), 3, seed)) for seed in (1, 1, 2))
    assert rows_of(first.test) == rows_of(again.test) != rows_of(other.test)
    assert first.rule == "fold 1 of 3, seed=1"


@pytest.mark.parametrize("k", [1, 0, 31])
def test_folds_that_cannot_be_are_refused_at_once(k: int) -> None:
    with pytest.raises(ConfigError, match=f"{k} folds of 30 ratings"):
        k_folds(grid(6, 5), k)


@pytest.fixture
def uneven() -> Ratings:
    """Users 1, 2, 3 have 3, 2, 2 ratings; movies 10, 20, 30, 40 have 3, 1, 2, 1."""
    users = np.array([1, 1, 1, 2, 2, 3, 3])
    movies = np.array([10, 20, 30, 10, 30, 10, 40])
    return Ratings.of(users, movies, np.full(7, 3.0), np.arange(7))


def test_the_most_active_users_and_most_rated_movies_are_kept(uneven: Ratings) -> None:
    assert rows_of(most_active(uneven, users=2)) == [0, 1, 2, 3, 4]
    assert rows_of(most_active(uneven, movies=2)) == [0, 2, 3, 4, 5]
    assert rows_of(most_active(uneven, users=2, movies=3)) == [0, 1, 2, 3, 4]


def test_both_are_counted_on_the_whole_table(uneven: Ratings) -> None:
    sample = most_active(uneven, users=1, movies=2)
    assert rows_of(sample) == [0, 2]
    assert sample.origin.notes[-1] == Note("kept: 1 most active users, 2 most rated movies", 2)


def test_a_sample_forgets_the_ids_and_the_movies_that_it_left_without_a_rating(uneven: Ratings) -> None:
    movies = Catalogue.of(list("ABCDE"), [2001, 2002, 2003, 2004, 2005], [["War"], ["Noir"], ["War", "Crime"], [], []])
    listed = Ratings.of(
        uneven.user_ids.values[uneven.user_index],
        uneven.item_ids.values[uneven.item_index],
        uneven.rating,
        uneven.timestamp,
        catalogue=(np.array([10, 20, 30, 40, 50]), movies),
    )
    sample = most_active(listed, users=2, movies=3)
    assert sample.user_ids.values.tolist() == [1, 2]
    assert sample.item_ids.values.tolist() == [10, 20, 30]
    assert sample.catalogue.titles == ("A", "B", "C")
    assert sample.catalogue.years.tolist() == [2001, 2002, 2003]
    assert [sample.catalogue.genres_of(item) for item in range(3)] == [["War"], ["Noir"], ["Crime", "War"]]
    assert sample.user_ids.values[sample.user_index].tolist() == [1, 1, 1, 2, 2]
    assert sample.item_ids.values[sample.item_index].tolist() == [10, 20, 30, 10, 30]
    fewer = most_active(listed, users=2, movies=1)
    assert fewer.catalogue.genre_names == ("War",)


def test_asking_for_all_changes_nothing(uneven: Ratings) -> None:
    assert most_active(uneven) is uneven
    assert most_active(uneven, users=99, movies=99) is uneven


@pytest.mark.parametrize(("users", "movies", "named"), [(0, None, "users"), (None, -1, "movies")])
def test_keeping_none_is_refused(uneven: Ratings, users: int | None, movies: int | None, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        most_active(uneven, users, movies)


def test_a_sample_without_a_rating_is_refused() -> None:
    # The most active user rated none of the most rated movie.
    ratings = Ratings.of(np.array([1, 1, 2, 3]), np.array([20, 30, 10, 10]), np.full(4, 3.0))
    with pytest.raises(DataError, match="not one rating"):
        most_active(ratings, users=1, movies=1)


@given(st.integers(1, 60), st.floats(0, 1), st.integers(1, 70), st.integers(0, 2**32))
def test_as_many_rows_are_drawn_as_asked_in_blocks_of_any_size(n: int, share: float, most: int, seed: int) -> None:
    drawn = draw(n, round(n * share), np.random.default_rng(seed), most)
    assert (len(drawn), drawn.sum()) == (n, round(n * share))


def test_every_row_is_drawn_as_often_as_another_whatever_its_block() -> None:
    random = np.random.default_rng(0)
    n_times = 4000
    often = np.sum([draw(10, 3, random, 4) for _ in range(n_times)], axis=0)
    # Five standard deviations of a binomial count.
    assert np.abs(often - 0.3 * n_times).max() < 5 * np.sqrt(0.21 * n_times)


def test_what_is_held_out_is_no_longer_fitted_on() -> None:
    ratings = grid(4, 5)
    fitted_on, validation = hold_out(ratings, 0.25)
    assert validation is not None
    assert len(validation) == 5
    assert sorted(rows_of(fitted_on) + rows_of(validation)) == list(range(20))
    assert hold_out(ratings, 0) == (ratings, None)
