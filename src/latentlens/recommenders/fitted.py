"""The fitted model: what every recommender's `fit` returns, the API serves and the artifact stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError, UnknownId
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.foldin import Evidence, UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.by_count import ByCount
from latentlens.recommenders.rankers.by_rating import ByRating
from latentlens.recommenders.rankers.ranker import Ranker
from latentlens.recommenders.shortlist import Ranking

# For a new user of a model whose own users keep their trained vectors.
DEFAULT_USER_STEP_REG = 0.05
_NOTHING: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class EpochReport(NamedTuple):
    """What `on_epoch` is told after each epoch, counted from 1; `validation_rmse` is None without validation rows."""

    epoch: int
    n_epochs: int
    train_rmse: float
    validation_rmse: float | None


OnEpoch = Callable[[EpochReport], bool | None]


class Recommender(Protocol):
    """A frozen configuration."""

    @property
    def name(self) -> str:
        """What runs, folders and tables call it."""
        ...

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Learn from `train`. `validation` is only watched; `on_epoch` may return True to stop early."""
        ...


@dataclass(frozen=True)
class Filters:
    """Which movies may be listed: of a genre (case ignored), of years from-to (both included)."""

    genre: str | None = None
    year_from: int | None = None
    year_to: int | None = None


_ALL = Filters()


@dataclass(frozen=True)
class Recommendation:
    """One movie of a list. `n_ratings` train ratings stand behind it; `score` is what ordered the list."""

    movie_id: int | str
    title: str
    genres: list[str]
    year: int | None
    predicted_rating: float
    n_ratings: int
    score: float


class Listed(NamedTuple):
    """A list before it is described: item indexes, best first; what ordered them; predicted ratings, unclipped."""

    items: NDArray[np.int64]
    scores: NDArray[np.float64]
    ratings: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Factors with what is needed to make lists of them.

    params: the configuration, as recorded. `history`: the ratings that the fit has seen. `held_out`: those that it has
    not, of movies that are not to be listed either. `user_step_reg` is the ridge of the exact user step, None where the
    users keep the vectors of training. `ranked_by`: what orders a list, None for the predicted rating. `lists`:
    (n_users, m) int32, the best movies of each user as `rank` finds them without filters (item indexes, best first, -1
    where there are fewer), None to find them when asked. `extra`: JSON documents by file name that higher layers keep
    with the model, such as `axes.json`.
    """

    recommender: str
    params: Mapping[str, Any]
    factors: FactorModel
    history: History
    catalogue: Catalogue
    user_step_reg: float | None = None
    ranked_by: Ranker | None = None
    lists: NDArray[np.int32] | None = None
    held_out: History | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, user_ids: Any, movie_ids: Any) -> NDArray[np.float64]:
        """Predicted ratings of (user, movie) pairs; see `FactorModel.predict`."""
        return self.factors.predict(user_ids, movie_ids)

    def knows_user(self, user_id: int | str) -> bool:
        """Whether the fit has seen a rating of this user. Raises TypeError for an id of the wrong type."""
        return self._known_user(user_id) >= 0

    def knows_movie(self, movie_id: int | str) -> bool:
        """Whether the fit has seen a rating of this movie. Raises TypeError for an id of the wrong type."""
        return int(self.known_items(movie_id)) >= 0

    def known_items(self, movie_ids: Any) -> NDArray[np.int64]:
        """Item indexes of these movies (any shape), -1 for each that the fit has seen no rating of."""
        index = self.factors.item_ids.index(movie_ids)
        return np.where((index >= 0) & (self.factors.item_counts[index] > 0), index, -1)

    def _known_user(self, user_id: int | str) -> int:
        user = self.factors.user_ids.position(user_id)
        return user if user >= 0 and self.factors.user_counts[user] > 0 else -1

    def recommend(
        self, user_id: int | str, n: int = 10, filters: Filters = Filters(), *, exclude_seen: bool = True
    ) -> list[Recommendation]:
        """List the `n` best movies for a known user; see `rank`."""
        return self.describe(self.rank(user_id, n, filters, exclude_seen=exclude_seen))

    def rank(
        self, user_id: int | str, n: int = 10, filters: Filters = Filters(), *, exclude_seen: bool = True
    ) -> Listed:
        """Rank the `n` best movies for a known user, best first; fewer if fewer pass.

        Movies without a train rating are never listed. Raises UnknownId for a user without train ratings.
        """
        index = self._required(user_id)
        user = self._vector(index)
        if self.lists is not None and n <= self.lists.shape[1] and exclude_seen and filters == _ALL:
            found = self.lists[index, :n]
            items = found[found >= 0].astype(np.int64)
            return self._listed(user, Ranking(items, self.ranker.scores(user, items)))
        return self.rank_with(user, n, filters, self.rated_items(index) if exclude_seen else _NOTHING)

    def vector_of(self, user_id: int | str) -> UserVector:
        """A known user's place in the model. Raises UnknownId for a user without train ratings."""
        return self._vector(self._required(user_id))

    def _required(self, user_id: int | str) -> int:
        user = self._known_user(user_id)
        if user < 0:
            raise UnknownId(f"User {user_id} is not in the model: ask for the popular list or send ratings.")
        return user

    def _vector(self, user: int) -> UserVector:
        place = None if self.ranked_by is None else self.ranked_by.place(*self.history.rows_of(user))
        return UserVector(self.factors.user_factors[user], self.factors.user_bias[user], place)

    def rated_by(self, user_id: int | str) -> NDArray[np.int32]:
        """Item indexes of what this user rated, on any side of the split; none for an unknown user."""
        user = self.factors.user_ids.position(user_id)
        return self.rated_items(user) if user >= 0 else _NOTHING.astype(np.int32)

    def rated_items(self, user: int) -> NDArray[np.int32]:
        """Item indexes, ascending, of what this user (an index) rated, on any side of the split."""
        fitted = self.history.items_of(user)
        return fitted if self.held_out is None else np.sort(np.append(fitted, self.held_out.items_of(user)))

    def rated(self, users: NDArray[np.integer]) -> History:
        """All that these users (indexes) rated: user n of the result is users[n]."""
        fitted = self.history.take(users)
        return fitted if self.held_out is None else History.joined(fitted, self.held_out.take(users))

    def recommend_for(
        self, ratings: Mapping[Any, float], n: int = 10, filters: Filters = Filters()
    ) -> list[Recommendation]:
        """List the `n` best movies for someone with these ratings; see `rank_for`."""
        return self.describe(self.rank_for(ratings, n, filters))

    def rank_for(self, ratings: Mapping[Any, float], n: int = 10, filters: Filters = Filters()) -> Listed:
        """Rank the `n` best movies for someone with these ratings (movie id -> rating), without the rated ones.

        Ratings of movies the model does not know are ignored; if none is known this is the popular list.
        """
        items, values = self.known_ratings(ratings)
        if not len(items):
            return self.rank_popular(n, filters)
        return self.rank_with(self.fold_in(items, values), n, filters, items)

    def rank_with(
        self, user: UserVector, n: int = 10, filters: Filters = Filters(), excluded: NDArray[np.integer] = _NOTHING
    ) -> Listed:
        """Rank the `n` best movies for somebody at this place in the model, without the `excluded` (item indexes)."""
        return self._listed(user, self.ranker.best(user, n, excluded, self._passing(filters)))

    def _listed(self, user: UserVector, ranking: Ranking) -> Listed:
        items, scores = ranking
        return Listed(items, scores, scores if self.ranked_by is None else self._exact(user, items))

    def with_held_out(self, *sides: Ratings) -> FittedModel:
        """The same model, that knows these ratings too: no fit has seen them, nor are their movies to be listed."""
        return replace(self, held_out=History.of(*sides), lists=None)

    def known_ratings(self, ratings: Mapping[Any, float]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Keep the ratings of movies the fit has seen: item indexes, ascending, and ratings."""
        items = self.known_items(list(ratings))
        values = np.fromiter(ratings.values(), np.float32, len(ratings))
        known = np.flatnonzero(items >= 0)
        known = known[np.argsort(items[known])]
        return items[known], values[known]

    def evidence(self, items: NDArray[np.integer], ratings: NDArray[np.float32]) -> Evidence:
        """State these ratings (item indexes ascending) as equations for the vector of whoever gave them."""
        return Evidence.of(
            items,
            ratings,
            global_mean=self.factors.global_mean,
            item_bias=self.factors.item_bias,
            item_factors=self.factors.item_factors,
        )

    def fold_in(self, items: NDArray[np.integer], ratings: NDArray[np.float32]) -> UserVector:
        """Place someone with these ratings (item indexes ascending) in the model."""
        user = self.evidence(items, ratings).vector(self.user_step_reg or DEFAULT_USER_STEP_REG)
        return user._replace(ranking=self.ranker.place(items, ratings))

    def popular(self, n: int = 10, filters: Filters = Filters()) -> list[Recommendation]:
        """List the `n` most rated movies, for someone of whom nothing is known."""
        return self.describe(self.rank_popular(n, filters))

    def rank_popular(self, n: int = 10, filters: Filters = Filters()) -> Listed:
        """Rank the `n` most rated movies; their scores are as somebody of whom nothing is known would rate them."""
        items, scores = self._by_count.best(self._nobody, n, _NOTHING, self._passing(filters))
        return Listed(items, scores, self._exact(self._nobody, items))

    def similar(self, movie_id: int | str, n: int = 10) -> list[tuple[Recommendation, float]]:
        """List the `n` movies whose item factors point the same way, with the cosine (-1 to 1).

        Each comes as the average user would see it. Raises UnknownId for a movie without train ratings, ConfigError
        for a model without factors.
        """
        if not self.factors.item_factors.shape[1]:
            raise ConfigError(f"The {self.recommender} model has no latent factors, so no movie is similar to another.")
        item = int(self.known_items(movie_id))
        if item < 0:
            raise UnknownId(f"Movie {movie_id} is not in the model, or nobody rated it: choose another movie.")
        cosine = self._directions @ self._directions[item]
        candidates = np.flatnonzero(self.listed(np.array([item])))
        chosen = candidates[np.argsort(-cosine[candidates], kind="stable")[:n]]
        ratings = self._exact(self._nobody, chosen)
        described = self.describe(Listed(chosen, ratings, ratings))
        return list(zip(described, np.clip(cosine[chosen].astype(float), -1, 1).tolist(), strict=True))

    def describe(self, listed: Listed) -> list[Recommendation]:
        """Say of each movie of a list what the data say."""
        items = listed.items
        movie_ids: Sequence[Any] = self.factors.item_ids.values[items].tolist()
        ratings = self.factors.clip(listed.ratings).tolist()
        counts = self.factors.item_counts[items].tolist()
        return [
            Recommendation(
                movie_id=movie_id,
                title=self.catalogue.titles[item],
                genres=self.catalogue.genres_of(item),
                year=self.catalogue.year_of(item),
                predicted_rating=rating,
                n_ratings=count,
                score=score,
            )
            for item, movie_id, rating, count, score in zip(
                items.tolist(), movie_ids, ratings, counts, listed.scores.tolist(), strict=True
            )
        ]

    def prepare(self) -> None:
        """Compute now what the first list would otherwise wait for."""
        _ = self._directions
        self.ranker.prepare()

    @cached_property
    def ranker(self) -> Ranker:
        """What orders a list."""
        return self.ranked_by or ByRating(self.factors)

    @property
    def ranks_by(self) -> str:
        """The kind of its ranker: score, popularity, ..."""
        return self.ranker.kind

    @property
    def _nobody(self) -> UserVector:
        """Someone without a taste: what the mean and a movie's bias say alone."""
        return UserVector(np.zeros_like(self.factors.item_factors[0]), np.float32(0))

    @cached_property
    def item_lengths(self) -> NDArray[np.float32]:
        """(n_items,) Euclidean norms of the item factors."""
        return np.asarray(np.linalg.norm(self.factors.item_factors, axis=1))

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        norms = self.item_lengths[:, None]
        return np.asarray(self.factors.item_factors / np.where(norms > 0, norms, 1), dtype=np.float32)

    @cached_property
    def _by_count(self) -> ByCount:
        return ByCount(self.factors)

    def _passing(self, filters: Filters) -> NDArray[np.bool_] | None:
        """Mask of the movies that pass, None where all do."""
        return None if filters == _ALL else self.catalogue.matching(**vars(filters))

    def listed(self, excluded: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(n_items,) mask of the movies with train ratings but the `excluded` (item indexes)."""
        mask = self.factors.item_counts > 0
        mask[excluded] = False
        return mask

    def _exact(self, user: UserVector, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores with the bits of `FactorModel.score`, for a user who need not be in the model."""
        return self.factors.score_for(user.factors, user.bias, items)


def factors_for(
    train: Ratings,
    *,
    global_mean: float,
    user_bias: NDArray[Any],
    item_bias: NDArray[Any],
    user_factors: NDArray[Any],
    item_factors: NDArray[Any],
) -> FactorModel:
    """View what was learned from `train` as a model, without a copy; shapes as in `FactorModel`."""
    return FactorModel(
        user_ids=train.user_ids,
        item_ids=train.item_ids,
        global_mean=global_mean,
        user_bias=user_bias,
        item_bias=item_bias,
        user_factors=user_factors,
        item_factors=item_factors,
        user_counts=train.user_counts,
        item_counts=train.item_counts,
        scale=train.scale,
    )
