"""What an axis goes with: correlations that survive a test of all at once, a held-out fit, and words for its poles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.explain.features import Features, Kind, standardised

Floats = NDArray[np.floating]

N_PERMUTATIONS = 999
SIGNIFICANT = 0.05
# With a thousand movies even r = .15 is beyond chance; it is too weak to give its name to an axis.
MIN_CORRELATION = 0.25
# A second word must be at least half as strong as the first, and say something else.
_RELATIVE = 0.5
_REDUNDANT = 0.75
_MAX_WORDS = 2
_MAX_EVIDENCE = 20
_FOLDS = 5
_RIDGES = np.logspace(-3, 3, 13)
# Permutations that are multiplied at a time: bounds the memory.
_BATCH = 37

# The two ends of a scale, lower first; genres and tags are there or not, so they name one end only.
_ENDS: dict[Kind, tuple[str, str]] = {"year": ("older", "newer"), "popularity": ("little known", "widely known")}


@dataclass(frozen=True)
class Evidence:
    """One feature that goes with an axis: `r` over the movies that count, `p` corrected for all comparisons."""

    feature: str
    kind: Kind
    r: float
    p: float


def correlations(features: Features, traits: Floats) -> NDArray[np.float64]:
    """(n_features, k) Pearson correlations of traits (n_items, k) with the features, over the movies that count."""
    return np.asarray(features.standardised().T @ standardised(traits[features.items]), dtype=np.float64)


def corrected_p(features: Features, traits: Floats, seed: int = 0) -> NDArray[np.float64]:
    """(n_features, k) p-values of `correlations`, corrected for all n_features x k comparisons.

    The largest |r| over all features and axes is noted for each of `N_PERMUTATIONS` shufflings of the movies; p is the
    share of those that reach |r| (Westfall & Young 1993, single-step maxT). Axes are shuffled together, so that
    their dependence, like that of the features, is kept.
    """
    X, Z = features.standardised(), standardised(traits[features.items])
    if not X.size or not Z.size:
        return np.ones((X.shape[1], Z.shape[1]))
    random = np.random.default_rng(seed)
    largest: list[float] = []
    while len(largest) < N_PERMUTATIONS:
        shuffled = [Z[random.permutation(len(Z))] for _ in range(min(_BATCH, N_PERMUTATIONS - len(largest)))]
        reached = np.abs(X.T @ np.hstack(shuffled)).reshape(X.shape[1], len(shuffled), -1)
        largest += reached.max(axis=(0, 2)).tolist()
    above = N_PERMUTATIONS - np.searchsorted(np.sort(largest), np.abs(X.T @ Z), side="left")
    return np.asarray((1 + above) / (1 + N_PERMUTATIONS))


def held_out_r2(features: Features, traits: Floats, seed: int = 0) -> NDArray[np.float64]:
    """(k,) share of each trait's variance that the features explain on movies that the fit has not seen; 0 for none.

    Ridge regression in `_FOLDS` folds; the ridge is chosen inside each by generalised cross-validation (Golub, Heath &
    Wahba 1979).
    """
    X, Y = features.standardised().astype(np.float64), standardised(traits[features.items]).astype(np.float64)
    if len(X) < 2 * _FOLDS or not X.shape[1]:
        return np.zeros(Y.shape[1])
    fold = np.random.default_rng(seed).permutation(len(X)) % _FOLDS
    lost = np.zeros(Y.shape[1])
    for number in range(_FOLDS):
        held = fold == number
        mean = Y[~held].mean(axis=0)
        lost += np.square(Y[held] - mean - X[held] @ _ridge(X[~held], Y[~held] - mean)).sum(axis=0)
    total = np.square(Y).sum(axis=0)
    return np.asarray(np.maximum(1 - lost / np.where(total > 0, total, 1), 0) * (total > 0))


def evidence(features: Features, r: Floats, p: Floats) -> tuple[Evidence, ...]:
    """Of one axis (r and p by feature): the strongest of what is beyond chance, the strongest first."""
    order = np.argsort(-np.abs(r), kind="stable")[:_MAX_EVIDENCE]
    return tuple(
        Evidence(features.names[j], features.kinds[j], float(r[j]), float(p[j])) for j in order if p[j] < SIGNIFICANT
    )


def pole_names(features: Features, found: Sequence[Evidence]) -> tuple[str | None, str | None]:
    """Words for the negative and the positive end, None for an end that has not earned any.

    A genre or a tag names the end where it is, never the one where it is missing. The number of ratings says how often
    a movie was seen, not what it is: it names an axis only if nothing else does.
    """
    strong = [entry for entry in found if abs(entry.r) >= MIN_CORRELATION]
    about = [entry for entry in strong if entry.kind != "popularity"]
    X = features.standardised()
    column = {name: X[:, j] for j, name in enumerate(features.names)}
    return _words(about or strong, -1, column), _words(about or strong, 1, column)


def _words(strong: Sequence[Evidence], sign: int, column: dict[str, NDArray[np.float32]]) -> str | None:
    here = [entry for entry in strong if entry.kind in _ENDS or entry.r * sign > 0]
    chosen: list[Evidence] = []
    for entry in here:
        strong_enough = abs(entry.r) >= _RELATIVE * abs(here[0].r)
        if strong_enough and not any(_same(entry, other, column) for other in chosen):
            chosen.append(entry)
    # What a movie is comes before when it was made: "Western, older".
    words = sorted(chosen[:_MAX_WORDS], key=lambda entry: entry.kind in _ENDS)
    return ", ".join(_word(entry, sign) for entry in words) or None


def _same(one: Evidence, other: Evidence, column: dict[str, NDArray[np.float32]]) -> bool:
    words, others = one.feature.casefold(), other.feature.casefold()
    return words in others or others in words or float(column[one.feature] @ column[other.feature]) > _REDUNDANT


def _word(entry: Evidence, sign: int) -> str:
    ends = _ENDS.get(entry.kind)
    return ends[int(entry.r * sign > 0)] if ends else entry.feature


def _ridge(X: NDArray[np.float64], Y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_features, k) coefficients, each column with the ridge of the smallest generalised cross-validation error."""
    values, V = np.linalg.eigh(X.T @ X)
    values = np.maximum(values, 0)
    projected = V.T @ (X.T @ Y)
    best, coefficients = np.full(Y.shape[1], np.inf), np.zeros_like(projected)
    for ridge in _RIDGES:
        solved = projected / (values + ridge)[:, None]
        fitted = 2 * (projected * solved).sum(axis=0) - (values[:, None] * solved**2).sum(axis=0)
        freedom = 1 - (1 + (values / (values + ridge)).sum()) / len(X)
        error = (np.square(Y).sum(axis=0) - fitted) / max(freedom, 1e-3) ** 2
        coefficients[:, error < best] = solved[:, error < best]
        best = np.minimum(best, error)
    return np.asarray(V @ coefficients)
