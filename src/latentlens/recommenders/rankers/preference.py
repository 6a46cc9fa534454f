"""How much a rating says that somebody would choose such a movie again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def preferences(ratings: NDArray[np.float32], scale: tuple[float, float], liking: float) -> NDArray[np.float64]:
    """(n,) 1 + liking x z, with z from -1 for the lowest rating of the scale to 1 for the highest.

    liking 0: to have chosen the movie is all that counts; 1: the lowest rating counts for nothing.
    """
    low, high = scale
    half = (high - low) / 2 or 1.0
    return np.asarray(1 + liking * ((ratings.astype(np.float64) - (low + high) / 2) / half))
