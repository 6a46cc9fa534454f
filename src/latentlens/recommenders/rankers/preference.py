"""How much a rating counts as a sign that somebody would choose such a movie again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def preferences(ratings: NDArray[np.float32], scale: tuple[float, float], liking: float) -> NDArray[np.float32]:
    """(n,) 1 - liking + liking x place, the rating's place on the scale going from 0 (lowest) to 1 (highest).

    liking 0: to have chosen the movie is all that counts; 1: the lowest rating counts for nothing.
    """
    low, high = scale
    place = (ratings - low) / (high - low) if high > low else np.ones_like(ratings)
    return np.asarray(1 - liking + liking * place, dtype=np.float32)
