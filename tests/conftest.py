"""What tests of several packages share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import latentlens.tracking  # noqa: F401 - before any test imports MLflow, which this tells to keep still
from latentlens import cli

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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of a test stays in the cache of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTLENS_DATA", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def nothing_running() -> Iterator[None]:
    """No MLflow server that happens to run on this machine is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        # Port 9 (discard) answers nobody.
        patch.setenv("LATENTLENS_MLFLOW_PORT", "9")
        yield


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit code, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latentlens", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return command


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
