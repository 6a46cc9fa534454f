"""The half-step of implicit ALS, beside a dense solution in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.recommenders.kernels import als
from latentlens.recommenders.kernels.als import Observed, half_step
from latentlens.recommenders.kernels.rows import aligned_rows


def random_rows(n: int, k: int, seed: int) -> NDArray[np.float32]:
    rows = aligned_rows(n, k, np.float32)
    rows[:, :k] = np.random.default_rng(seed).normal(0, 0.5, (n, k))
    return rows


def random_observed(n: int, n_others: int, seed: int) -> Observed:
    """Row u observes about u of the others, so that row 0 has none and row 1 about one."""
    random = np.random.default_rng(seed)
    seen = random.random((n, n_others)) < np.arange(n)[:, None] / n_others
    indptr = np.concatenate([[0], np.cumsum(seen.sum(1))])
    columns = np.nonzero(seen)[1].astype(np.int32)
    return Observed(indptr, columns, random.random(len(columns)).astype(np.float32))


def dense_solution(
    observed: Observed, Y: NDArray[np.float32], ridges: NDArray[np.float32], unobserved_weight: float
) -> NDArray[np.float64]:
    """Least squares, an equation for each term of the loss."""
    found = []
    for u, ridge in enumerate(ridges):
        own = slice(observed.indptr[u], observed.indptr[u + 1])
        roots = np.sqrt(observed.weights[own].astype(float))
        seen, every = Y[observed.columns[own]].astype(float), Y.astype(float)
        A = np.vstack(
            [roots[:, None] * seen, np.sqrt(unobserved_weight) * every, np.sqrt(float(ridge)) * np.eye(Y.shape[1])]
        )
        found.append(np.linalg.lstsq(A, np.concatenate([roots, np.zeros(len(A) - len(roots))]))[0])
    return np.array(found)


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 15),
    st.integers(1, 40),
    st.floats(0.01, 3),
    st.floats(0.01, 3),
    st.integers(0, 99),
)
def test_a_row_is_the_minimum_of_the_loss_wherever_the_search_starts(
    n: int, n_others: int, k: int, unobserved_weight: float, reg: float, seed: int
) -> None:
    observed, ridges = random_observed(n, n_others, seed), (reg * np.arange(1, n + 1)).astype(np.float32)
    X, Y = random_rows(n, k, seed + 1), random_rows(n_others, k, seed)
    half_step(observed, X, Y, ridges=ridges, unobserved_weight=unobserved_weight, n_factors=k)
    np.testing.assert_allclose(
        X[:, :k], dense_solution(observed, Y[:, :k], ridges, unobserved_weight), rtol=1e-4, atol=1e-5
    )
    assert not X[:, k:].any()


def test_a_row_without_observations_is_zero() -> None:
    X, Y = random_rows(3, 5, 1), random_rows(4, 5, 2)
    nothing = Observed(np.zeros(4, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    half_step(nothing, X, Y, ridges=np.ones(3, np.float32), unobserved_weight=1.0, n_factors=5)
    assert not X.any()


def test_turning_keeps_the_products_and_makes_the_gram_matrix_diagonal() -> None:
    observed = random_observed(6, 9, 3)
    X, Y = random_rows(6, 7, 4), random_rows(9, 7, 5)
    before = Y @ Y.T
    half_step(observed, X, Y, ridges=np.ones(6, np.float32), unobserved_weight=1.0, n_factors=7)
    np.testing.assert_allclose(Y @ Y.T, before, atol=1e-5)
    gram = Y.T @ Y
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-5)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als, "_TASK", 100)  # many tasks, so that threads have something to take from each other
    observed = random_observed(80, 60, 6)
    found = []
    for n_threads in (1, 2, 5):
        X, Y = random_rows(80, 33, 7), random_rows(60, 33, 8)
        half_step(
            observed, X, Y, ridges=np.ones(80, np.float32), unobserved_weight=0.3, n_factors=33, n_threads=n_threads
        )
        found.append(X.tobytes())
    assert len(set(found)) == 1
