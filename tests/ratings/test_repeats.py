from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latentlens.ratings.repeats import latest_of_each_pair

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), max_size=20)


@given(ROWS, st.booleans(), st.integers(1, 8))
def test_the_latest_of_each_pair_is_kept_however_many_rows_are_compared_at_a_time(
    rows: list[tuple[int, int, int]], has_times: bool, most: int
) -> None:
    users, items, times = (np.array([row[side] for row in rows], dtype=np.int32) for side in range(3))
    kept = latest_of_each_pair(users, items, times.astype(np.int64) if has_times else None, 4, 4, most)
    latest = {}
    for number in sorted(range(len(rows)), key=lambda number: rows[number][2] if has_times else 0):
        latest[rows[number][:2]] = number
    expected = sorted(latest.values())
    assert (list(range(len(rows))) if kept is None else kept.tolist()) == expected
