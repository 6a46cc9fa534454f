"""The memory that one fit takes in a process of its own: `peak_memory.py WHAT ROWS`, a part of surprise_parity.py.

WHAT is `scikit-surprise` or a preset; ROWS a file with the arrays users, movies, stars and scale. Prints two peaks in
MB: after the imports alone, and after the fit. Imports are inside functions: a process holds only what it measures.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_FACTORS, N_EPOCHS, SEED = 150, 20, 42


def surprise_svd() -> Any:
    """Surprise's SVD with its own defaults, at the size of the presets."""
    import surprise

    return surprise.SVD(n_factors=N_FACTORS, n_epochs=N_EPOCHS, random_state=SEED)


def surprise_trainset(
    users: NDArray[Any], movies: NDArray[Any], stars: NDArray[np.float32], scale: tuple[float, float]
) -> Any:
    """Rows as Surprise takes them."""
    import surprise

    rows = zip(users.tolist(), movies.tolist(), stars.tolist(), strict=True)
    return surprise.Dataset(surprise.Reader(rating_scale=scale)).construct_trainset([(*row, None) for row in rows])


def peak_mb() -> float:
    """Peak of this process. Not `ru_maxrss`: Linux counts into it the peak of the process that started this one."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else float("nan")


def measure(what: str, rows: Path) -> tuple[float, float]:
    """Peak MB after the imports, and after the fit."""
    columns = np.load(rows)
    scale = tuple(columns["scale"].tolist())
    if what == "scikit-surprise":
        import surprise  # noqa: F401 - the import is what is measured

        imports = peak_mb()
        surprise_svd().fit(surprise_trainset(columns["users"], columns["movies"], columns["stars"], scale))
    else:
        from latentlens.ratings.table import Ratings
        from latentlens.recommenders.presets import PRESETS

        imports = peak_mb()
        PRESETS[what].fit(Ratings.of(columns["users"], columns["movies"], columns["stars"], scale=scale))
    return imports, peak_mb()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
