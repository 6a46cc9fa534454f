"""Are the axes a property of the data, or of the dice? The same fit from other random numbers must find them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from latentlens.explain.axes import LEADING
from latentlens.explain.features import standardised
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel

N_REFITS = 5
# An axis may come back weaker: it is looked for among so many.
_POOL = 3 * LEADING


def refit_matches(
    model: FittedModel,
    config: Any,
    train: Ratings,
    n_refits: int = N_REFITS,
    on_refit: Callable[[int, int], None] | None = None,
    n_epochs: int | None = None,
) -> NDArray[np.float64]:
    """(n_refits, n_axes) |r| of the model's leading axes with those of fits from other random numbers.

    config: the frozen configuration that made `model` from `train`; its `random_state` is replaced, and no user step is
    taken, which reorders the axes but turns none. n_epochs: after how many the fit of `model` was stopped, None if it
    was not. `on_refit(done, n_refits)` is called after each. A model without axes needs no refit.
    """
    rated = train.item_counts > 0
    traits = model.factors.item_factors[rated, :LEADING]
    found = np.zeros((n_refits, traits.shape[1]))
    if not traits.shape[1]:
        return found
    for number in range(n_refits):
        seed = (config.random_state or 0) + 1 + number
        refit = replace(config, random_state=seed, user_step_reg=None)
        other = refit.fit(train, on_epoch=lambda report: report.epoch == n_epochs).factors.item_factors
        found[number] = match(traits, other[rated, :_POOL])
        if on_refit:
            on_refit(number + 1, n_refits)
    return found


def match(traits: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """(k,) |r| of each column of `traits` (n, k) with its own partner in `others` (n, m), chosen for the largest sum.

    Kuhn (1955). A column that is left without a partner, or is constant, matches 0.
    """
    likeness = np.abs(standardised(traits).T @ standardised(others)).astype(np.float64)
    rows, columns = linear_sum_assignment(-likeness)
    found = np.zeros(traits.shape[1])
    found[rows] = np.minimum(likeness[rows, columns], 1)
    return found
