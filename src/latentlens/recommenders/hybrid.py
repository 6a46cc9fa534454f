"""SVD that ranks: EASE orders the movies, the SVD predicts their ratings and says why."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.svd import SVD


@dataclass(frozen=True)
class Hybrid(SVD):
    """An SVD whose lists are ordered by what EASE scores + `rating_weight` x the rating that the SVD predicts.

    The rating of a movie says how it would be liked, not whether it would be chosen: an SVD alone ranks obscure movies
    first. ranking_factors, ranking_reg, ranking_liking: n_factors, reg and liking of `EASE`. The rest is the SVD's.
    """

    ranking_factors: int = 256
    ranking_reg: float = 150.0
    ranking_liking: float = 1.5
    rating_weight: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.rating_weight >= 0:
            raise ConfigError(f"rating_weight is {self.rating_weight}: it must be 0 or more.")
        _ = self.ease

    @property
    def svd(self) -> SVD:
        """The part that predicts."""
        return SVD(**{field.name: getattr(self, field.name) for field in fields(SVD)})

    @property
    def ease(self) -> EASE:
        """The part that ranks."""
        return EASE(
            reg=self.ranking_reg,
            n_factors=self.ranking_factors,
            liking=self.ranking_liking,
            zero_diagonal=False,
            random_state=self.random_state,
        )

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Fit both parts on `train`; see `SVD.fit`."""
        model = super().fit(train, validation=validation, on_epoch=on_epoch)
        return replace(model, ranked_by=self.ease.learn(model.factors, model.history, self.rating_weight))
