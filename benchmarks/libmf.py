"""LIBMF (Chin et al. 2015) from Python, built with AVX: pip's package is not, and ten times slower.

g++ -O3 -march=native -DUSEAVX -include string -pthread -shared -fPIC mf.cpp -o libmf.so
"""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

import numpy as np

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


def updates_per_second(library: Path, ratings: Ratings, k: int, n_threads: int, n_epochs: int) -> float:
    """What `n_epochs` more than one take: preparation is left out."""
    mf = ctypes.CDLL(str(library))
    mf.mf_get_default_param.restype = Parameter
    mf.mf_train.restype = ctypes.c_void_p
    nodes = np.empty(len(ratings), np.dtype([("u", np.int32), ("v", np.int32), ("r", np.float32)]))
    nodes["u"], nodes["v"], nodes["r"] = ratings.user_index, ratings.item_index, ratings.rating
    problem = Problem(ratings.n_users, ratings.n_items, len(nodes), nodes.ctypes.data)

    def seconds(n_iterations: int) -> float:
        asked: Parameter = mf.mf_get_default_param()
        asked.k, asked.nr_threads, asked.nr_iters, asked.quiet = k, n_threads, n_iterations, True
        started = time.perf_counter()
        model = ctypes.c_void_p(mf.mf_train(ctypes.byref(problem), asked))
        taken = time.perf_counter() - started
        mf.mf_destroy_model(ctypes.byref(model))
        return taken

    return len(nodes) * n_epochs / (seconds(1 + n_epochs) - seconds(1))
