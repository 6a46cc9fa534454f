from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.ratings.order import ByUser, ascends, row_blocks, user_blocks

# Beyond 16 bits, where one pass of counting is not enough.
indexes = st.lists(st.integers(0, 3) | st.integers(0, 200_000), max_size=30)


def column(values: list[int]) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


@given(indexes)
def test_rows_come_user_by_user_in_the_order_of_the_data(users: list[int]) -> None:
    n_users = max(users, default=0) + 1
    by_user = ByUser.of(column(users), n_users)
    rows = np.arange(len(users))[by_user.rows(0, n_users)]
    assert rows.tolist() == sorted(range(len(users)), key=lambda row: users[row])
    for user in set(users):
        assert np.arange(len(users))[by_user.rows(user, user + 1)].tolist() == [
            row for row, other in enumerate(users) if other == user
        ]


@given(indexes)
def test_sorted_rows_are_not_copied(users: list[int]) -> None:
    n_users = max(users, default=0) + 1
    assert (ByUser.of(column(users), n_users).order is None) == (users == sorted(users))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_rows_ascend_if_they_are_sorted_and_every_pair_is_there_once(rows: list[tuple[int, int]]) -> None:
    users, items = (column([row[side] for row in rows]) for side in (0, 1))
    assert ascends(users, items) == (rows == sorted(set(rows)))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(1, 30))
def test_blocks_hold_every_user_once_and_no_more_rows_than_asked_beside_one_users(counts: list[int], most: int) -> None:
    indptr = np.append(0, np.cumsum(counts))
    blocks = list(user_blocks(indptr, most))
    assert [user for first, last in blocks for user in range(first, last)] == list(range(len(counts)))
    assert all(sum(counts[first:last]) < most + max(counts[first:last]) for first, last in blocks)


@given(st.integers(0, 30), st.integers(1, 12))
def test_blocks_of_rows_hold_every_row_once(n_rows: int, most: int) -> None:
    blocks = [range(n_rows)[block] for block in row_blocks(n_rows, most)]
    assert [row for block in blocks for row in block] == list(range(n_rows))
    assert all(0 < len(block) <= most for block in blocks)
