"""The lists that a fitted model gives the users of the test side, and which of their movies are hits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.many_lists import lists_of

# The upper quarter of the scale.
_LIKED = 0.75


@dataclass(frozen=True, eq=False)
class Lists:
    """One list per user that the fit knows and who has a relevant test rating.

    liked: the lowest test rating that is relevant. users: (n_users,) user indexes, ascending. items: (n_users, k) item
    indexes, best first, -1 at the places that a short list leaves empty; hits: (n_users, k), which are relevant.
    n_relevant: (n_users,) relevant test movies of each. wanted: (n_relevant.sum(),) those movies, user by user; found:
    which of them are listed. n_missing: how many the fit has not seen: they count, and no list can have them.
    n_new_users: users with a relevant test rating whom the fit does not know: they have no list.
    """

    liked: float
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    hits: NDArray[np.bool_]
    n_relevant: NDArray[np.int64]
    wanted: NDArray[np.int32]
    found: NDArray[np.bool_]
    n_missing: int
    n_new_users: int


def ranked(
    model: FittedModel,
    test: Ratings,
    k: int = 10,
    *,
    liked: float | None = None,
    negatives: int | None = None,
    most_users: int | None = None,
    seed: int = 0,
) -> Lists:
    """Ask `model` for the `k` best movies for each user of `test`, without those that the user rated before.

    That is what the model knows to be rated, fitted or only watched, without the rows of `test` if it knows these too.
    A test rating is relevant from `liked` on: not given, from the upper quarter of the scale, which is 4 on 1 to 5 and
    on half stars; the lowest of the scale makes every test rating count. All movies compete. With `negatives` only the
    user's relevant test movies do, and so many others (all, if there are no more), drawn by `seed` from those that the
    user rated on neither side: as some papers measure, for comparison with them. With `most_users`, no more users than
    that are asked for, drawn by `seed`.

    Raises ConfigError for a `k` below 1 or above the movies that compete, DataError if no test rating is relevant.
    """
    _check(model, k, negatives)
    liked = _liked(test) if liked is None else liked
    of_known = (model.factors.user_counts > 0)[test.user_index]
    is_relevant = test.rating >= liked
    judged = is_relevant & of_known
    if most_users is not None:
        judged &= _drawn(test.user_index[judged], most_users, test.n_users, seed)[test.user_index]
    relevant = History.of(test.take(np.flatnonzero(judged), "relevant"))
    if not len(relevant.items):
        raise DataError(
            f"No user that the fit knows has a test rating of {liked:g} or more, so that no list can be judged:"
            " lower what counts as liked, or split otherwise."
        )
    n_relevant = np.diff(relevant.indptr)
    users = np.flatnonzero(n_relevant).astype(np.int32)
    items = np.full((len(users), k), -1, dtype=np.int32)
    if negatives is None:
        for some, lists in lists_of(model, users, k, rated=_rated_before(model, users, test)):
            items[some] = lists
    else:
        few = _best_of_few(model, users, relevant, History.of(test), k, negatives, seed)
        for row, chosen in enumerate(few):
            items[row, : len(chosen)] = chosen
    hits, found = _compared(users, items, relevant, test.n_items)
    return Lists(
        liked=liked,
        users=users,
        items=items,
        hits=hits,
        n_relevant=n_relevant[users],
        wanted=relevant.items,
        found=found,
        n_missing=int((model.factors.item_counts[relevant.items] == 0).sum()),
        n_new_users=len(np.unique(test.user_index[is_relevant & ~of_known])),
    )


def _rated_before(model: FittedModel, users: NDArray[np.integer], test: Ratings) -> History:
    """Of these users, what is known without `test`: a model that was recorded knows `test`, and would leave it out."""
    fitted = model.history.take(users)
    if model.held_out is None:
        return fitted
    held_out = model.held_out.take(users)
    place = np.full(test.n_users, -1, np.int32)
    place[users] = np.arange(len(users))
    asked = np.flatnonzero(place[test.user_index] >= 0)
    rows = held_out.find(place[test.user_index[asked]], test.item_index[asked])
    kept = np.ones(len(held_out.items), dtype=np.bool_)
    kept[rows[rows >= 0]] = False
    return History.joined(fitted, held_out.keep(kept))


def _drawn(users: NDArray[np.integer], most: int, n_users: int, seed: int) -> NDArray[np.bool_]:
    """Mask (n_users,) of at most so many of these users."""
    chosen = np.zeros(n_users, dtype=np.bool_)
    chosen[np.random.default_rng(seed).permutation(np.unique(users))[:most]] = True
    return chosen


def _check(model: FittedModel, k: int, negatives: int | None) -> None:
    if negatives is not None and negatives < 1:
        raise ConfigError(f"negatives is {negatives}: give at least 1, or none to let all movies compete.")
    n_movies = int((model.factors.item_counts > 0).sum())
    competing = n_movies if negatives is None else min(negatives, n_movies)
    if not 1 <= k <= competing:
        raise ConfigError(f"k is {k}, and {competing:,} movies compete for a place: give 1 to {competing:,}.")


def _liked(test: Ratings) -> float:
    low, high = test.scale
    if low == high:
        raise DataError(
            f"All ratings are {low:g}, so none says what is liked: say liked={low:g} to let every test rating count."
        )
    return low + _LIKED * (high - low)


def _best_of_few(
    model: FittedModel,
    users: NDArray[np.int32],
    relevant: History,
    tested: History,
    k: int,
    negatives: int,
    seed: int,
) -> Iterator[NDArray[np.int64]]:
    seen = model.factors.item_counts > 0
    for user, user_id in zip(users.tolist(), model.factors.user_ids.values[users].tolist(), strict=True):
        unrated = seen.copy()
        for rated in (model.rated_items(user), tested.items_of(user)):
            unrated[rated] = False
        # A user's draw does not depend on who else is measured.
        drawn = np.random.default_rng((seed, user)).permutation(np.flatnonzero(unrated))[:negatives]
        wanted = relevant.items_of(user)
        candidates = np.sort(np.append(drawn, wanted[seen[wanted]]))
        scores = model.ranker.scores(model.vector_of(user_id), candidates)
        # Ties go to the smaller index.
        yield candidates[np.argsort(-scores, kind="stable")[:k]]


def _compared(
    users: NDArray[np.int32], items: NDArray[np.int32], relevant: History, n_items: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which places of the lists hold a relevant movie, and which relevant movies are listed."""
    pairs = relevant.users * n_items + relevant.items
    listed = np.where(items >= 0, users.astype(np.int64)[:, None] * n_items + items, -1)
    place = np.minimum(np.searchsorted(pairs, listed), len(pairs) - 1)
    hits = pairs[place] == listed
    found = np.zeros(len(pairs), dtype=np.bool_)
    found[place[hits]] = True
    return hits, found
