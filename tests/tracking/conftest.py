"""One MLflow server for all tests of tracking but those of the server itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from latentlens.tracking.server import running_server


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracking") / "mlruns"


@pytest.fixture(scope="package")
def uri(store: Path) -> Iterator[str]:
    """Also where plain `mlflow` looks, as in a user's own program."""
    before = mlflow.get_tracking_uri()
    with running_server(store) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        mlflow.set_tracking_uri(address)
        yield address
    mlflow.set_tracking_uri(before)
