"""latentlens, which says on stderr when it reaches certain points, and gets a signal at one of them.

The first argument names the point and the signal: fit:SIGKILL. Any other name, such as nowhere, lets it live.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from typing import Any

FATAL, _, SIGNAL = sys.argv.pop(1).partition(":")


def reach(point: str) -> None:
    print("reached", point, file=sys.stderr, flush=True)  # noqa: T201 - a message to the test
    if point == FATAL:
        os.kill(os.getpid(), signal.Signals[SIGNAL])


def watch(point: str, owner: Any, name: str, which_call: int = 1) -> None:
    real = getattr(owner, name)
    calls = 0

    @functools.wraps(real)
    def watched(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == which_call:
            reach(point)
        return real(*args, **options)

    setattr(owner, name, watched)


if __name__ == "__main__":
    reach("data")
    from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
    from mlflow.tracking import MlflowClient

    from latentlens.cli import main
    from latentlens.processes import Child
    from latentlens.recommenders.svd import SVD

    watch("server", Child, "__init__")
    watch("fit", SVD, "fit")
    watch("log", MlflowClient, "create_run")
    watch("upload", HttpArtifactRepository, "log_artifact", 4)
    watch("register", MlflowClient, "create_model_version")
    watch("stop", Child, "stop")
    main()
