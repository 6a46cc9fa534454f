"""The best of many scores, kept row by row while the scores come by in blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.kernels.rows import kernel


class Kept(NamedTuple):
    """What may still be among the best of a row (user): places (n_rows, room) and scores of the first `counts`.

    floors: (n_rows,) scores below this one are not. A count of -1: more tie than there is room for.
    """

    places: NDArray[np.int32]
    scores: NDArray[np.float32]
    counts: NDArray[np.int64]
    floors: NDArray[np.float32]

    @classmethod
    def nothing(cls, n_rows: int, room: int) -> Kept:
        """Before the first block."""
        return cls(
            np.empty((n_rows, room), np.int32),
            np.empty((n_rows, room), np.float32),
            np.zeros(n_rows, np.int64),
            np.full(n_rows, -np.inf, np.float32),
        )


@kernel
def _raise_floor(places, scores, count, n, slack):
    """Forget what lies more than `slack` below the nth best; how many are left, and the new floor."""
    if count < n:
        return count, np.float32(-np.inf)
    floor = np.partition(scores[:count], count - n)[count - n] - slack
    left = 0
    for c in range(count):
        if scores[c] >= floor:
            places[left], scores[left] = places[c], scores[c]
            left += 1
    return left, floor


@kernel
def keep_best(scores, first, rows, n, slack, unlisted, indptr, kept):
    """Take a block of scores (rows, places from `first` on) of these `rows` of `kept`.

    slack: (n_rows,) by how much an entry below the nth best stays. unlisted: places left out of each row, ascending,
    in `indptr[row]:indptr[row + 1]`.
    """
    room = kept.places.shape[1]
    for r in range(len(rows)):
        row = rows[r]
        count, floor = kept.counts[row], kept.floors[row]
        places, held = kept.places[row], kept.scores[row]
        out = unlisted[indptr[row] : indptr[row + 1]]
        for j in range(scores.shape[1]):
            if scores[r, j] < floor:
                continue
            at = np.searchsorted(out, first + j)
            if at < len(out) and out[at] == first + j:
                continue
            if count == room:
                count, floor = _raise_floor(places, held, count, n, slack[row])
                if count == room:
                    count = -1
                    break
                if scores[r, j] < floor:
                    continue
            places[count], held[count] = first + j, scores[r, j]
            count += 1
        if count >= 0:
            count, floor = _raise_floor(places, held, count, n, slack[row])
        else:
            floor = np.float32(np.inf)
        kept.counts[row], kept.floors[row] = count, floor
