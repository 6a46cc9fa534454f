"""One BLAS thread for the API."""

from __future__ import annotations

import os


def use_one_blas_thread() -> None:
    """Keep numpy's linear algebra on one thread, unless the environment says otherwise.

    One request's matrices are small: on busy cores, threads that wait for each other cost a hundred times the work.
    Call before numpy is imported: it reads the environment then.
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
