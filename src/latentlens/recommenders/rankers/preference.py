"""How much a rating counts as a sign that somebody would choose such a movie again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.stars import Stars


def of_stars(stars: Stars, scale: tuple[float, float], liking: float) -> NDArray[np.float32]:
    """`preferences` of a column."""
    return preferences(stars.values, scale, liking).take(stars.codes)


def preferences(ratings: NDArray[np.float32], scale: tuple[float, float], liking: float) -> NDArray[np.float32]:
    """(n,) the rating's place on the scale, from 0 (lowest) to 1 (highest), to the power of `liking`, 0 or above.

    liking 0: to have chosen the movie is all that counts; the higher, the less count middling ratings.
    """
    low, high = scale
    place = (ratings - low) / (high - low) if high > low else np.ones_like(ratings)
    return np.asarray(place**liking, dtype=np.float32)
