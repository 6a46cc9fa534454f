"""What every recommender promises."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from latentlens.errors import ConfigError, UnknownId
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders import artifact
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import Filters, FittedModel, Recommendation, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.portable import FACTOR_ARRAYS, MANIFEST, SETTINGS, load_factors
from latentlens.recommenders.svd import SVD

from .support import ABSENT_MOVIE, ABSENT_USER, N_MOVIES, UNRATED_MOVIE, movie_id, small_sides, user_id

RECOMMENDERS: dict[str, Recommender] = {
    "svd": SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, n_threads=1),
    "svd-with-user-step": SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05, n_threads=1),
    "svd-by-two-threads": SVD(n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05, n_threads=2),
    "bias-only": BiasOnly(),
    "ease": EASE(reg=5.0),
    "ease-of-few-axes": EASE(reg=5.0, n_factors=6, random_state=1),
    "implicit-als": ImplicitALS(n_factors=6, n_epochs=5, random_state=1),
    "item-knn": ItemKNN(k=20),
    "hybrid": Hybrid(
        n_factors=6,
        n_epochs=8,
        lr_all=0.02,
        random_state=1,
        user_step_reg=0.05,
        n_threads=1,
        ranking_factors=5,
        ranking_reg=5.0,
    ),
    "popularity": Popularity(),
}


class Case(NamedTuple):
    """One recommender, fitted on ratings with ids of one type."""

    recommender: Recommender
    train: Ratings
    test: Ratings
    model: FittedModel
    text: bool

    def user(self, number: int) -> Any:
        return user_id(number, text=self.text)

    def movie(self, number: int) -> Any:
        return movie_id(number, text=self.text)

    def pairs(self) -> tuple[list[Any], list[Any]]:
        """Every user with every movie, the unrated and two unheard of among them."""
        users = [*self.train.user_ids.values.tolist(), self.user(77)]
        movies = [*self.train.item_ids.values.tolist(), self.movie(777)]
        return np.repeat(users, len(movies)).tolist(), movies * len(users)

    def whole_list(self, number: int = 1, **options: Any) -> list[Recommendation]:
        return self.model.recommend(self.user(number), 10 * N_MOVIES, **options)


@pytest.fixture(scope="module", params=[False, True], ids=["int-ids", "str-ids"])
def text(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module", params=list(RECOMMENDERS))
def case(request: pytest.FixtureRequest, text: bool) -> Case:
    recommender = RECOMMENDERS[request.param]
    train, test = small_sides(text=text)
    return Case(recommender, train, test, recommender.fit(train), text)


@pytest.fixture
def folder(case: Case, tmp_path: Path) -> Path:
    written = tmp_path / "model"
    artifact.write(replace(case.model, extra={"axes.json": ["drama – comédie"]}), written)
    return written


def same_bits(one: FittedModel, other: FittedModel) -> bool:
    return all(
        np.asarray(getattr(one.factors, name)).tobytes() == np.asarray(getattr(other.factors, name)).tobytes()
        for name in FACTOR_ARRAYS
    )


# Fitting


def test_fit_returns_a_fitted_model_that_says_what_made_it(case: Case) -> None:
    assert isinstance(case.model, FittedModel)
    assert case.model.recommender == case.recommender.name
    assert dataclasses.is_dataclass(case.recommender)
    assert case.model.params == dataclasses.asdict(case.recommender)
    assert json.loads(json.dumps(case.model.params)) == case.model.params


def test_configuration_and_model_are_frozen(case: Case) -> None:
    for value, field in ((case.recommender, "reg_i"), (case.model, "factors"), (case.model.factors, "global_mean")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, 1.0)


def test_fit_does_not_change_its_ratings(case: Case) -> None:
    untouched = small_sides(text=case.text)
    for ours, fresh in ((case.train, untouched.train), (case.test, untouched.test)):
        case.recommender.fit(case.train, validation=case.test, on_epoch=lambda report: None)
        for column in ("user_index", "item_index", "rating", "user_counts", "item_counts"):
            np.testing.assert_array_equal(getattr(ours, column), getattr(fresh, column))


def test_the_same_seed_gives_the_same_bits(case: Case) -> None:
    assert same_bits(case.recommender.fit(case.train), case.model)


def test_arrays_have_the_promised_shapes_and_types(case: Case) -> None:
    factors = case.model.factors
    k = factors.item_factors.shape[1]
    assert factors.user_factors.shape == (case.train.n_users, k)
    assert factors.item_factors.shape == (case.train.n_items, k)
    assert factors.user_bias.shape == (case.train.n_users,)
    assert factors.item_bias.shape == (case.train.n_items,)
    for name in ("user_bias", "item_bias", "user_factors", "item_factors"):
        assert getattr(factors, name).dtype == np.float32


def test_the_factors_of_one_id_lie_together_in_memory(case: Case) -> None:
    # A served row is then one or two pages of a mapped file, not one per factor.
    assert case.model.factors.user_factors.flags.c_contiguous
    assert case.model.factors.item_factors.flags.c_contiguous


# Predicting


def test_predictions_are_finite_and_within_the_scale(case: Case) -> None:
    predicted = case.model.predict(*case.pairs())
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    assert predicted.min() >= 0.5
    assert predicted.max() <= 5.0


def test_predictions_beat_the_global_mean(case: Case) -> None:
    users, movies = (case.train.user_ids.values, case.train.item_ids.values)
    predicted = case.model.predict(users[case.train.user_index], movies[case.train.item_index])
    errors = np.square(predicted - case.train.rating).mean()
    assert errors < case.train.rating.var()


def test_what_is_unknown_is_answered_by_the_mean_and_the_biases_that_are_known(case: Case) -> None:
    model, train = case.model, case.train
    factors = model.factors
    user, movie = case.user(1), case.movie(101)
    u, i = int(train.user_ids.index(user)), int(train.item_ids.index(movie))
    for nobody in (case.user(77), case.user(ABSENT_USER)):
        expected = np.clip(factors.global_mean + np.float64(factors.item_bias[i]), 0.5, 5)
        assert model.predict([nobody], [movie])[0] == expected
    for nothing in (case.movie(777), case.movie(ABSENT_MOVIE), case.movie(UNRATED_MOVIE)):
        expected = np.clip(factors.global_mean + np.float64(factors.user_bias[u]), 0.5, 5)
        assert model.predict([user], [nothing])[0] == expected
    assert model.predict([case.user(77)], [case.movie(777)])[0] == factors.global_mean


def test_what_is_unknown_is_declared(case: Case) -> None:
    assert case.model.knows_user(case.user(1))
    assert case.model.knows_movie(case.movie(101))
    for number in (77, ABSENT_USER):
        assert not case.model.knows_user(case.user(number))
    for number in (777, ABSENT_MOVIE, UNRATED_MOVIE):
        assert not case.model.knows_movie(case.movie(number))


def test_an_id_of_the_wrong_type_is_an_error(case: Case) -> None:
    wrong_user, wrong_movie = user_id(1, text=not case.text), movie_id(101, text=not case.text)
    asks: list[Callable[[], object]] = [
        lambda: case.model.predict([wrong_user], [case.movie(101)]),
        lambda: case.model.predict([case.user(1)], [wrong_movie]),
        lambda: case.model.knows_user(wrong_user),
        lambda: case.model.knows_movie(wrong_movie),
        lambda: case.model.recommend(wrong_user),
        lambda: case.model.recommend_for({wrong_movie: 4.0}),
    ]
    for ask in asks:
        with pytest.raises(TypeError, match="ids of this data are"):
            ask()


def test_the_bits_of_a_pair_do_not_depend_on_the_pairs_beside_it(case: Case) -> None:
    users, movies = case.pairs()
    together = case.model.predict(users, movies)
    alone = [case.model.predict([user], [movie])[0] for user, movie in zip(users, movies, strict=True)]
    assert together.tolist() == alone
    assert case.model.predict(users[::-3], movies[::-3]).tolist() == alone[::-3]


def test_no_pair_gives_no_prediction(case: Case) -> None:
    assert case.model.predict([], []).shape == (0,)


# Listing


def test_a_list_leaves_out_what_was_seen_and_what_nobody_rated(case: Case) -> None:
    listed = {item.movie_id for item in case.whole_list()}
    rated = set(case.train.item_ids.values[case.train.item_index].tolist())
    own_rows = case.train.user_index == int(case.train.user_ids.index(case.user(1)))
    seen = set(case.train.item_ids.values[case.train.item_index[own_rows]].tolist())
    assert seen
    assert listed == rated - seen
    assert {item.movie_id for item in case.whole_list(exclude_seen=False)} == rated


def test_a_list_is_sorted_and_a_short_one_begins_the_long_one(case: Case) -> None:
    whole = case.whole_list()
    ranked_by = "n_ratings" if case.model.ranks_by == "popularity" else "score"
    assert whole == sorted(whole, key=lambda item: -getattr(item, ranked_by))
    for n in (0, 1, 3, 10):
        assert case.model.recommend(case.user(1), n) == whole[:n]


def test_a_list_tells_of_each_movie_what_the_data_say(case: Case) -> None:
    train = case.train
    for item in case.whole_list():
        i = int(train.item_ids.index(item.movie_id))
        assert item.title == train.catalogue.titles[i]
        assert item.genres == train.catalogue.genres_of(i)
        assert item.year == train.catalogue.year_of(i)
        assert item.n_ratings == train.item_counts[i]


def test_predicted_ratings_of_a_list_have_the_bits_of_predict(case: Case) -> None:
    for number in (1, 2, 40):
        listed = case.model.recommend(case.user(number))
        predicted = case.model.predict([case.user(number)] * len(listed), [item.movie_id for item in listed])
        assert [item.predicted_rating for item in listed] == predicted.tolist()


def test_ranking_scores_are_what_orders_a_list(case: Case) -> None:
    ranking = case.model.rank(case.user(1), N_MOVIES)
    items = np.sort(ranking.items)
    scores = case.model.ranker.scores(case.model.vector_of(case.user(1)), items)
    assert scores.shape == items.shape
    assert scores.dtype == np.float64
    assert items[np.argsort(-scores, kind="stable")].tolist() == ranking.items.tolist()


def test_a_place_in_the_model_gets_the_list_of_whoever_is_there(case: Case) -> None:
    user = case.user(3)
    place, rated = case.model.vector_of(user), case.model.rated_by(user)
    ranking = case.model.rank_with(place, 7, Filters(genre="Drama"), rated)
    assert case.model.describe(ranking) == case.model.recommend(user, 7, Filters(genre="Drama"))
    assert case.model.describe(case.model.rank_with(place, 10 * N_MOVIES)) == case.whole_list(3, exclude_seen=False)
    assert len(case.model.rated_by(case.user(77))) == 0
    with pytest.raises(UnknownId, match="is not in the model"):
        case.model.vector_of(case.user(77))


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(genre="drama"), lambda item: "Drama" in item.genres),
        (Filters(genre="Western"), lambda item: False),
        (Filters(year_from=1990), lambda item: item.year >= 1990),
        (Filters(year_to=1980), lambda item: item.year <= 1980),
        (Filters("Comedy", 1970, 1999), lambda item: item.genres == ["Comedy"] and 1970 <= item.year <= 1999),
    ],
    ids=["genre", "no-such-genre", "from", "to", "all"],
)
def test_filters_keep_the_order_and_drop_the_rest(
    case: Case, filters: Filters, passes: Callable[[Recommendation], bool]
) -> None:
    assert case.whole_list(filters=filters) == [item for item in case.whole_list() if passes(item)]
    everything = case.model.popular(10 * N_MOVIES)
    assert case.model.popular(10 * N_MOVIES, filters) == [item for item in everything if passes(item)]


def test_nobody_without_train_ratings_gets_a_personal_list(case: Case) -> None:
    for number in (77, ABSENT_USER):
        with pytest.raises(UnknownId, match=f"User .*{number} is not in the model"):
            case.model.recommend(case.user(number))


def test_the_popular_list_is_ordered_by_ratings_then_by_id(case: Case) -> None:
    listed = case.model.popular(10 * N_MOVIES)
    assert listed == sorted(listed, key=lambda item: (-item.n_ratings, item.movie_id))
    assert len(listed) == np.count_nonzero(case.train.item_counts)
    assert case.model.popular(3) == listed[:3]
    # As somebody of whom nothing is known would rate them.
    nobody = [case.user(77)] * len(listed)
    assert [item.predicted_rating for item in listed] == case.model.predict(
        nobody, [item.movie_id for item in listed]
    ).tolist()


def test_ratings_alone_give_a_list_without_the_rated_movies(case: Case) -> None:
    given = {case.movie(105): 5.0, case.movie(101): 4.0, case.movie(777): 1.0, case.movie(ABSENT_MOVIE): 1.0}
    listed = case.model.recommend_for(given, 10 * N_MOVIES)
    rated = set(case.train.item_ids.values[case.train.item_index].tolist())
    assert {item.movie_id for item in listed} == rated - set(given)
    # The order in which the ratings come does not matter.
    assert case.model.recommend_for(dict(reversed(given.items())), 10 * N_MOVIES) == listed


def test_ratings_of_nothing_known_give_the_popular_list(case: Case) -> None:
    for given in ({}, {case.movie(777): 5.0, case.movie(UNRATED_MOVIE): 5.0}):
        assert case.model.recommend_for(given, 7) == case.model.popular(7)


def test_similar_movies_are_ordered_by_cosine_or_refused(case: Case) -> None:
    if not case.model.factors.item_factors.shape[1]:
        with pytest.raises(ConfigError, match="has no latent factors"):
            case.model.similar(case.movie(101))
        return
    similar = case.model.similar(case.movie(101), 10 * N_MOVIES)
    listed, cosines = zip(*similar, strict=True)
    assert list(cosines) == sorted(cosines, reverse=True)
    factors = case.model.factors.item_factors.astype(float)
    directions = factors[case.train.item_ids.index([item.movie_id for item in listed])]
    own = factors[int(case.train.item_ids.index(case.movie(101)))]
    expected = directions @ own / np.linalg.norm(directions, axis=1) / np.linalg.norm(own)
    np.testing.assert_allclose(cosines, expected, atol=1e-6)
    assert {item.movie_id for item in listed}.isdisjoint({case.movie(101), case.movie(UNRATED_MOVIE)})
    assert case.model.similar(case.movie(101), 4) == similar[:4]
    for number in (777, UNRATED_MOVIE):
        with pytest.raises(UnknownId, match=f"Movie .*{number} is not in the model"):
            case.model.similar(case.movie(number))


# On disk


def same_history(one: History | None, other: History | None) -> bool:
    assert one is not None
    assert other is not None
    pairs = ((one.indptr, other.indptr), (one.items, other.items), (one.stars.ratings, other.stars.ratings))
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)


def test_a_written_model_is_read_back_with_the_same_bits(case: Case, folder: Path) -> None:
    again = artifact.read(folder)
    assert same_bits(again, case.model)
    assert again.predict(*case.pairs()).tolist() == case.model.predict(*case.pairs()).tolist()
    assert load_factors(folder).predict(*case.pairs()).tolist() == case.model.predict(*case.pairs()).tolist()
    assert again.recommend(case.user(1)) == case.model.recommend(case.user(1))
    assert again.recommend_for({case.movie(101): 5.0}) == case.model.recommend_for({case.movie(101): 5.0})
    assert again.popular() == case.model.popular()
    for field in ("recommender", "params", "user_step_reg", "ranks_by"):
        assert getattr(again, field) == getattr(case.model, field)
    assert same_history(again.history, case.model.history)
    assert again.held_out is None
    assert again.catalogue.titles == case.model.catalogue.titles


def test_what_was_held_out_of_the_fit_is_read_back_and_never_listed(case: Case, tmp_path: Path) -> None:
    knowing = case.model.with_held_out(case.test)
    artifact.write(knowing, tmp_path / "knowing")
    again = artifact.read(tmp_path / "knowing")
    assert same_history(again.history, case.model.history)
    assert same_history(again.held_out, History.of(case.test))
    both = History.of(case.train, case.test)
    row = case.model.factors.user_ids.position(case.user(3))
    assert again.rated_by(case.user(3)).tolist() == both.items_of(row).tolist()
    assert same_history(again.rated(np.arange(case.train.n_users)), both)
    held_out = set(case.test.item_ids.values[case.test.item_index[case.test.user_index == row]].tolist())
    assert held_out & {item.movie_id for item in case.whole_list(3)}
    assert not held_out & {item.movie_id for item in again.recommend(case.user(3), 10 * N_MOVIES)}


def test_what_a_higher_layer_adds_is_read_back_and_checked(folder: Path) -> None:
    assert artifact.read(folder).extra == {"axes.json": ["drama – comédie"]}
    (folder / "axes.json").write_text('["comedy"]', encoding="utf-8")
    with pytest.raises(ValueError, match=r"axes\.json is damaged"):
        artifact.read(folder)


def test_a_model_is_never_written_over_another(case: Case, folder: Path) -> None:
    with pytest.raises(FileExistsError):
        artifact.write(case.model, folder)


def test_one_flipped_bit_anywhere_is_refused(folder: Path) -> None:
    for part in (path for path in folder.iterdir() if path.name != MANIFEST):
        whole = part.read_bytes()
        for position in (0, len(whole) // 2, len(whole) - 1):
            part.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            with pytest.raises(ValueError, match=f"{part.name} is damaged"):
                artifact.read(folder)
        part.write_bytes(whole)
    artifact.read(folder)


def test_a_missing_part_is_refused_by_name(folder: Path) -> None:
    for part in (path for path in folder.iterdir() if path.name != "axes.json"):
        hidden = folder.parent / part.name
        shutil.move(part, hidden)
        with pytest.raises(ValueError, match=f"{part.name} cannot be read"):
            artifact.read(folder)
        shutil.move(hidden, part)
    artifact.read(folder)


def test_a_newer_format_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": manifest["format"] + 1}), encoding="utf-8")
    for read in (artifact.read, load_factors):
        with pytest.raises(ValueError, match="the model has format 3, this version reads formats up to 2"):
            read(folder)


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    for damaged in ("", "[]", "{}", '{"format": 1', '{"format": 1}'):
        (folder / MANIFEST).write_text(damaged, encoding="utf-8")
        with pytest.raises(ValueError, match="cannot be read"):
            artifact.read(folder)


def test_a_setting_changed_by_hand_is_refused(folder: Path) -> None:
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    (folder / SETTINGS).write_text(json.dumps({**settings, "global_mean": 1.0}), encoding="utf-8")
    for read in (artifact.read, load_factors):
        with pytest.raises(ValueError, match=r"settings\.json is damaged"):
            read(folder)
