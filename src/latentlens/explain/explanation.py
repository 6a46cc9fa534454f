"""Why a model gives a movie its score: parts, past ratings, and what would be without one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError, UnknownId
from latentlens.explain.order import Order
from latentlens.explain.parts import Parts, parts
from latentlens.explain.reasons import contributions, vectors_without
from latentlens.explain.standings import Standings, standings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector


@dataclass(frozen=True)
class Reason:
    """One of the user's own ratings, and the stars that it adds to the score (or takes, below 0)."""

    movie_id: int | str
    title: str
    rating: float
    contribution: float


@dataclass(frozen=True)
class Place:
    """Why a movie stands where it does, in a list that something else than the predicted rating orders.

    `score` orders the list: `for_everybody`, whoever asks, plus what each of the user's own ratings adds: the largest
    of each sign, and `other_ratings` together.
    """

    score: float
    for_everybody: float
    reasons_for: tuple[Reason, ...]
    reasons_against: tuple[Reason, ...]
    other_ratings: float


@dataclass(frozen=True)
class Without:
    """What would be if the user had not given one rating: score, and rank among the movies not rated (1 is best)."""

    movie_id: int | str
    title: str
    rating: float
    score: float
    rank: int


@dataclass(frozen=True, eq=False)
class Explanation:
    """Everything behind one score.

    `given` is the user's own rating of the movie, if there is one. `reasons_for` and `reasons_against` are the largest
    contributions of each sign; with `other_ratings` they sum to `personal`, the user's bias and tastes together.
    `place` is None where the predicted rating orders the list.
    """

    movie_id: int | str
    title: str
    predicted_rating: float
    given: float | None
    parts: Parts
    n_ratings: int
    reasons_for: tuple[Reason, ...]
    reasons_against: tuple[Reason, ...]
    other_ratings: float
    place: Place | None = None

    @property
    def score(self) -> float:
        """The unclipped prediction."""
        return self.parts.score

    @property
    def personal(self) -> float:
        """Stars that this user's ratings add to what everybody would be told."""
        return self.parts.user_bias + float(self.parts.axes.sum())


class Explainer:
    """Explains the scores of one person by that person's ratings.

    user: what these ratings fold in to; items: (n,) indexes, ascending; ratings: (n,). unlisted: what is not in this
    person's list, the `items` if not given. Raises ConfigError for a model whose users keep the vectors of training,
    which are no function of their ratings.
    """

    def __init__(
        self,
        model: FittedModel,
        user: UserVector,
        items: NDArray[np.integer],
        ratings: NDArray[np.float32],
        unlisted: NDArray[np.integer] | None = None,
    ) -> None:
        if model.user_step_reg is None:
            raise ConfigError(
                f"The users of this {model.recommender} model keep the vectors of training, which do not follow from"
                " their ratings alone: train with the preset tuned to have reasons."
            )
        self._model = model
        self._items, self._ratings, self._reg = items, ratings, model.user_step_reg
        self._user, self._unlisted = user, items if unlisted is None else unlisted
        self._evidence = model.evidence(items, ratings)

    @classmethod
    def of_user(cls, model: FittedModel, user_id: int | str) -> Explainer:
        """For a user of the model. Raises UnknownId for one without train ratings."""
        if not model.knows_user(user_id):
            raise UnknownId(f"User {user_id} is not in the model: give ratings instead of an id.")
        user = model.factors.user_ids.position(user_id)
        items, ratings = model.history.rows_of(user)
        # Lists leave out what was rated on any side, the fit's or not.
        return cls(model, model.vector_of(user_id), items, ratings, model.rated_by(user_id))

    @classmethod
    def of_ratings(cls, model: FittedModel, ratings: Mapping[Any, float]) -> Explainer:
        """For somebody with these ratings (movie id -> rating); those of unknown movies are ignored.

        Raises UnknownId if none is known.
        """
        items, values = model.known_ratings(ratings)
        if not len(items):
            raise UnknownId("The model knows none of the rated movies, so nothing personal can be explained.")
        return cls(model, model.fold_in(items, values), items, values)

    def explain(self, movie_id: int | str, n_reasons: int = 5) -> Explanation:
        """Take apart the score of a movie. Raises UnknownId for one without train ratings."""
        model, item = self._model, self._item(movie_id)
        whole = parts(model.factors, self._user, item)
        shares = contributions(self._evidence, model.factors.item_factors[item], self._reg)
        reasons_for, reasons_against, other_ratings = self._told(shares, n_reasons)
        own = self._ratings[self._items == item]
        return Explanation(
            movie_id=movie_id,
            title=model.catalogue.titles[item],
            predicted_rating=float(model.factors.clip(np.array([whole.score]))[0]),
            given=float(own[0]) if len(own) else None,
            parts=whole,
            n_ratings=len(shares),
            reasons_for=reasons_for,
            reasons_against=reasons_against,
            other_ratings=other_ratings,
            place=self._place(item, n_reasons),
        )

    def _place(self, item: int, n_reasons: int) -> Place | None:
        ranker = self._model.ranked_by
        if ranker is None:
            return None
        shares = self._shares_of_order(np.array([item]))[0]
        score = float(ranker.scores(self._user, np.array([item]))[0])
        factors = self._model.factors
        for_everybody = ranker.rating_weight * (factors.global_mean + float(factors.item_bias[item]))
        return Place(score, for_everybody, *self._told(shares, n_reasons))

    def _shares_of_order(self, items: NDArray[np.integer]) -> NDArray[np.float64]:
        """(m, n) what each rating adds to the score that orders each of these movies (m,)."""
        ranker = self._model.ranker
        by_rating = contributions(self._evidence, self._model.factors.item_factors[items], self._reg)
        own = ranker.contributions(self._items, self._ratings, items)
        return np.asarray(own + ranker.rating_weight * by_rating)

    def _told(
        self, shares: NDArray[np.float64], n_reasons: int
    ) -> tuple[tuple[Reason, ...], tuple[Reason, ...], float]:
        """The largest of each sign, and the sum of the rest."""
        order = np.argsort(-shares, kind="stable")
        for_it = order[: min(n_reasons, int((shares > 0).sum()))]
        against = order[::-1][: min(n_reasons, int((shares < 0).sum()))]
        told = np.zeros(len(shares), dtype=np.bool_)
        told[for_it] = told[against] = True
        return (
            tuple(self._reason(row, shares) for row in for_it),
            tuple(self._reason(row, shares) for row in against),
            float(shares[~told].sum()),
        )

    def because(self, items: NDArray[np.integer], n_reasons: int = 3) -> list[tuple[Reason, ...]]:
        """Name the ratings that did most to list each of these movies (item indexes), the strongest first."""
        shares = self._shares_of_order(items)
        order = np.argsort(-shares, axis=1, kind="stable")[:, :n_reasons]
        return [
            tuple(self._reason(row, of_item) for row in rows if of_item[row] > 0)
            for of_item, rows in zip(shares, order, strict=True)
        ]

    def rank(self, movie_id: int | str) -> int:
        """Place of a movie in this person's list, 1 being the best, the rated ones left out."""
        return self._standings.rank(self._item(movie_id))

    def without(self, movie_id: int | str, rated_ids: Sequence[int | str]) -> list[Without]:
        """Score and rank of a movie if each of these ratings had not been given, one at a time: as after a refit.

        The movie whose rating is left out stays off the list. Raises UnknownId for a movie this person has not rated.
        """
        item = self._item(movie_id)
        rows = np.array([self._row(rated_id) for rated_id in rated_ids], dtype=np.int64)
        solutions = vectors_without(self._evidence, rows, self._reg).astype(np.float32)
        users = [
            UserVector(solution[:-1], solution[-1], self._place_without(row))
            for row, solution in zip(rows, solutions, strict=True)
        ]
        return [
            Without(*self._rated(row), score=self._score(user, item), rank=self._standings.rank(item, user))
            for row, user in zip(rows.tolist(), users, strict=True)
        ]

    def _place_without(self, row: int) -> NDArray[np.float32] | None:
        return self._model.ranker.place(np.delete(self._items, row), np.delete(self._ratings, row))

    @cached_property
    def _standings(self) -> Standings | Order:
        return standings(self._model, self._user, self._unlisted)

    def _score(self, user: UserVector, item: int) -> float:
        return float(self._model.factors.score_for(user.factors, user.bias, np.array([item]))[0])

    def _item(self, movie_id: int | str) -> int:
        item = int(self._model.known_items(movie_id))
        if item < 0:
            raise UnknownId(f"Movie {movie_id} is not in the model, or nobody rated it: choose another movie.")
        return item

    def _row(self, movie_id: int | str) -> int:
        rows = np.flatnonzero(self._items == self._item(movie_id))
        if not len(rows):
            raise UnknownId(f"Movie {movie_id} is none of this person's rated movies: choose one of those.")
        return int(rows[0])

    def _rated(self, row: int) -> tuple[int | str, str, float]:
        item = int(self._items[row])
        movie_id: int | str = self._model.factors.item_ids.values[item].item()
        return movie_id, self._model.catalogue.titles[item], float(self._ratings[row])

    def _reason(self, row: int, shares: NDArray[np.float64]) -> Reason:
        return Reason(*self._rated(row), contribution=float(shares[row]))


def explain(model: FittedModel, user_id: int | str, movie_id: int | str, n_reasons: int = 5) -> Explanation:
    """Why this user is given this score for this movie; see `Explainer`."""
    return Explainer.of_user(model, user_id).explain(movie_id, n_reasons)
