"""LIBMF (Chin et al. 2015) from Python, built with AVX: pip's package is not, and ten times slower.

`make .venv-peers/libmf.so` does, from the source that the package brings.
"""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.table import Ratings


class Problem(ctypes.Structure):
    """Its `mf_problem`."""

    _fields_ = (("m", ctypes.c_int), ("n", ctypes.c_int), ("nnz", ctypes.c_longlong), ("R", ctypes.c_void_p))


class Parameter(ctypes.Structure):
    """Its `mf_parameter`."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("fun", "k", "nr_threads", "nr_bins", "nr_iters")),
        *((name, ctypes.c_float) for name in ("lambda_p1", "lambda_p2", "lambda_q1", "lambda_q2", "eta")),
        *((name, ctypes.c_bool) for name in ("do_nmf", "quiet", "copy_data")),
    )


class Model(ctypes.Structure):
    """Its `mf_model`."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("fun", "m", "n", "k")),
        ("b", ctypes.c_float),
        *((name, ctypes.POINTER(ctypes.c_float)) for name in ("P", "Q")),
    )


class Fit(NamedTuple):
    """What a training took, preparation included, and what predicts: NaN in the rows of whom it never saw."""

    seconds: float
    mean: float
    user_factors: NDArray[np.float32]
    item_factors: NDArray[np.float32]


def fit(library: Path, ratings: Ratings, k: int, n_threads: int, n_epochs: int) -> Fit:
    """Train with LIBMF's own defaults."""
    mf = ctypes.CDLL(str(library))
    mf.mf_get_default_param.restype = Parameter
    mf.mf_train.restype = ctypes.POINTER(Model)
    nodes = np.empty(len(ratings), np.dtype([("u", np.int32), ("v", np.int32), ("r", np.float32)]))
    nodes["u"], nodes["v"], nodes["r"] = ratings.user_index, ratings.item_index, ratings.rating
    problem = Problem(ratings.n_users, ratings.n_items, len(nodes), nodes.ctypes.data)
    asked: Parameter = mf.mf_get_default_param()
    asked.k, asked.nr_threads, asked.nr_iters, asked.quiet = k, n_threads, n_epochs, True
    started = time.perf_counter()
    model = mf.mf_train(ctypes.byref(problem), asked)
    seconds = time.perf_counter() - started
    made = model.contents
    P, Q = (np.ctypeslib.as_array(side, (n, made.k)).copy() for side, n in ((made.P, made.m), (made.Q, made.n)))
    found = Fit(seconds, float(made.b), P, Q)
    mf.mf_destroy_model(ctypes.byref(model))
    return found


def updates_per_second(library: Path, ratings: Ratings, k: int, n_threads: int, n_epochs: int) -> float:
    """What `n_epochs` more than one take: preparation is left out."""
    one, more = (fit(library, ratings, k, n_threads, n).seconds for n in (1, 1 + n_epochs))
    return len(ratings) * n_epochs / (more - one)
