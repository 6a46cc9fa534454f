"""How much a rating counts as a sign that somebody would choose such a movie again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def preferences(ratings: NDArray[np.float32], scale: tuple[float, float], liking: float) -> NDArray[np.float32]:
    """(n,) the rating's place on the scale, from 0 (lowest) to 1 (highest), to the power of `liking`, 0 or above.

    liking 0: to have chosen the movie is all that counts; the higher, the less count middling ratings.
    """
    low, high = scale
    place = (ratings - low) / (high - low) if high > low else np.ones_like(ratings)
    return np.asarray(place**liking, dtype=np.float32)
