"""What tests of several packages share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

DATA_VARIABLE = "LATENTLENS_TEST_DATA"


@pytest.fixture(scope="session")
def movielens_small() -> Path:
    """The folder ml-latest-small; tests that use it are marked `realdata`."""
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        pytest.skip(f"{DATA_VARIABLE} does not name a folder with MovieLens data")
    folder = Path(root) / "ml-latest-small"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    return folder


@pytest.fixture(scope="module", autouse=True)
def nothing_running() -> Iterator[None]:
    """No MLflow server that happens to run on this machine is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        # Port 9 (discard) answers nobody.
        patch.setenv("LATENTLENS_MLFLOW_PORT", "9")
        yield


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root, who may read and write everything, is somebody else for the while."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
