from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latentlens.evaluation.leakage import n_leaked
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings

GRID = Ratings.of(np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5), np.full(20, 3.0))


@given(st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
def test_rows_that_the_fit_has_seen_are_counted(fitted: set[int], tested: set[int]) -> None:
    train, test = (GRID.take(np.array(sorted(rows), dtype=np.int64), "") for rows in (fitted, tested))
    assert n_leaked(History.of(train), test) == len(fitted & tested)
