"""The peers' half of ranking_peers.py, run by the Python of .venv-peers: chooses, fits and lists; or fits and times."""

from __future__ import annotations

import itertools
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from irspack import CosineKNNRecommender, DenseSLIMRecommender, IALSRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from ranking import Fit, Rows, TrainSide, choose

# Each peer chooses among these: every rating the same, by the number of stars, or only what was liked.
INPUTS = ("rated", "weighted", "liked")


def matrix(rows: Rows, kind: str) -> csr_matrix:
    """Users x movies, float32."""
    kept = rows.ratings >= 4 if kind == "liked" else np.full(len(rows.ratings), True)
    values = rows.ratings / 4 if kind == "weighted" else np.ones(len(rows.ratings), np.float32)
    return csr_matrix((values[kept], (rows.users[kept], rows.items[kept])), rows.shape, dtype=np.float32)


def settings(scores: Any, /, **grid: tuple[Any, ...]) -> Iterator[tuple[str, Fit]]:
    """Every combination of an input and parameters, by name."""
    for source, *values in itertools.product(INPUTS, *grid.values()):
        given = dict(zip(grid, values, strict=True))

        def fit(rows: Rows, source: str = source, given: dict[str, Any] = given) -> NDArray[Any]:
            return np.asarray(scores(matrix(rows, source), given))

        yield ", ".join([source, *(f"{name}={value}" for name, value in given.items())]), fit


def fitted_als(X: csr_matrix, given: dict[str, Any]) -> Any:
    """Fit as implicit asks for: its own threads share the work, the BLAS keeps to one."""
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(random_state=0, **given)
        model.fit(X, show_progress=False)
    return model


def implicit_als(X: csr_matrix, given: dict[str, Any]) -> NDArray[Any]:
    """Scores of implicit's ALS."""
    model = fitted_als(X, given)
    return np.asarray(model.user_factors @ model.item_factors.T)


def implicit_knn(X: csr_matrix, given: dict[str, Any]) -> NDArray[Any]:
    """Scores of implicit's nearest neighbours."""
    kind = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "bm25": BM25Recommender}[given["kind"]]
    model = kind(K=given["K"])
    model.fit(X, show_progress=False)
    return np.asarray((X @ model.similarity).toarray())


def irspack(kind: Any) -> Any:
    """Scores of one of irspack's recommenders."""

    def scores(X: csr_matrix, given: dict[str, Any]) -> NDArray[Any]:
        return np.asarray(kind(X, **given).learn().get_score_remove_seen(np.arange(X.shape[0])))

    return scores


PEERS = {
    "implicit ALS": settings(
        implicit_als, factors=(128,), iterations=(15,), regularization=(10, 30), alpha=(3, 10, 30)
    ),
    "implicit item-kNN": settings(implicit_knn, kind=("cosine", "tf-idf", "bm25"), K=(20, 100)),
    "irspack iALS": settings(
        irspack(IALSRecommender), n_components=(128,), train_epochs=(15,), reg=(0.003, 0.01), alpha0=(0.1, 0.3, 1)
    ),
    "irspack item-kNN": settings(
        irspack(CosineKNNRecommender), normalize=(True,), shrinkage=(0, 10), feature_weighting=("NONE", "TF_IDF")
    ),
    "irspack EASE": settings(irspack(DenseSLIMRecommender), reg=(100, 300)),
}


def main() -> None:
    """`lists SIDE OUT`, or `time SIDE FACTORS ITERATIONS`, which prints the seconds of one fit."""
    task, source, *rest = sys.argv[1:]
    side: TrainSide = pickle.loads(Path(source).read_bytes())
    if task == "time":
        factors, iterations = map(int, rest)
        X = matrix(side.whole, "rated")
        start = time.perf_counter()
        fitted_als(X, {"factors": factors, "iterations": iterations})
        print(time.perf_counter() - start)
    else:
        chosen = {name: choose(dict(candidates), side) for name, candidates in PEERS.items()}
        Path(rest[0]).write_bytes(pickle.dumps(chosen))


if __name__ == "__main__":
    main()
