"""Lists that are kept with a model: what is looked up is what would have been found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlens.ratings.history import History
from latentlens.ratings.stars import Stars
from latentlens.recommenders import artifact, many_lists, soundness
from latentlens.recommenders.fitted import Filters, FittedModel, Listed, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.many_lists import with_lists
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides

SVD_PART: dict[str, Any] = {"n_factors": 6, "n_epochs": 8, "lr_all": 0.02, "random_state": 1, "user_step_reg": 0.05}
RANKED: dict[str, Recommender] = {
    "svd": SVD(**SVD_PART),
    "hybrid": Hybrid(**SVD_PART, ranking_factors=5, ranking_reg=5.0, rating_weight=0.2),
    "implicit-als": ImplicitALS(n_factors=5, n_epochs=3, random_state=1),
}


def fitted(name: str) -> FittedModel:
    return RANKED[name].fit(small_sides().train)


def as_text(listed: Listed) -> list[list[str]]:
    return [[repr(value) for value in column.tolist()] for column in listed]


def known_users(model: FittedModel) -> list[Any]:
    users: list[Any] = model.factors.user_ids.values[model.factors.user_counts > 0].tolist()
    return users


@pytest.mark.parametrize("n", [0, 1, 4, 5, 9])
@pytest.mark.parametrize("name", list(RANKED))
def test_kept_lists_are_the_lists(monkeypatch: pytest.MonkeyPatch, name: str, n: int) -> None:
    monkeypatch.setattr(many_lists, "_BATCH", 7)
    model = fitted(name)
    kept = with_lists(model, 5)
    assert kept.lists is not None
    assert kept.lists.shape == (len(model.factors.user_ids), 5)
    for user in known_users(model):
        assert as_text(kept.rank(user, n)) == as_text(model.rank(user, n))


def test_kept_lists_are_what_is_looked_up() -> None:
    kept = with_lists(fitted("svd"), 3)
    assert kept.lists is not None
    others = replace(kept, lists=kept.lists[:, ::-1])
    user = known_users(kept)[0]
    assert others.rank(user, 3).items.tolist() == kept.rank(user, 3).items.tolist()[::-1]


def test_whoever_has_rated_almost_all_gets_what_is_left() -> None:
    model = fitted("svd")
    user = known_users(model)[0]
    row = model.factors.user_ids.position(user)
    n_items = len(model.factors.item_ids)
    # As if this user alone had watched all but two movies.
    indptr = np.where(np.arange(len(model.history.indptr)) > row, n_items - 2, 0)
    watched = History(indptr, np.arange(n_items - 2, dtype=np.int32), Stars.of(np.ones(n_items - 2)))
    model = replace(model, history=watched)
    assert as_text(with_lists(model).rank(user, 10)) == as_text(model.rank(user, 10))


@pytest.mark.parametrize("filters", [Filters(genre="comedy"), Filters(year_from=1980)])
def test_filters_and_seen_movies_are_not_looked_up(filters: Filters) -> None:
    model = fitted("hybrid")
    kept = with_lists(model, 5)
    for user in known_users(model):
        assert as_text(kept.rank(user, 5, filters)) == as_text(model.rank(user, 5, filters))
        assert as_text(kept.rank(user, 5, exclude_seen=False)) == as_text(model.rank(user, 5, exclude_seen=False))


def test_other_ratings_make_other_lists() -> None:
    kept = with_lists(fitted("svd"))
    assert kept.with_held_out(small_sides().test).lists is None


@pytest.mark.parametrize("config", [Popularity(), ItemKNN(k=20)], ids=["popularity", "item-knn"])
def test_lists_that_are_not_found_together_are_not_kept(config: Recommender) -> None:
    assert with_lists(config.fit(small_sides().train)).lists is None


def test_kept_lists_are_stored(tmp_path: Path) -> None:
    kept = with_lists(fitted("hybrid"), 5)
    artifact.write(kept, tmp_path / "model")
    opened = artifact.read(tmp_path / "model").lists
    assert opened is not None
    assert kept.lists is not None
    assert opened.tolist() == kept.lists.tolist()


@pytest.mark.parametrize("damage", [lambda lists: lists[1:], lambda lists: lists + 10_000, lambda lists: lists - 5])
def test_lists_that_do_not_fit_are_refused(damage: Any) -> None:
    kept = with_lists(fitted("svd"), 5)
    with pytest.raises(ValueError, match=r"lists\.npy"):
        soundness.check(replace(kept, lists=damage(kept.lists)))
