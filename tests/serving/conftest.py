"""One MLflow server for all tests of serving; one API for each module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import structlog

from latentlens.explain.axes import DOCUMENT, describe
from latentlens.explain.features import Features
from latentlens.explain.stability import refit_matches
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD
from latentlens.serving import logs
from latentlens.tracking.server import running_server

from .support import empty_registry, ratings_table, register, running_api, settings_for, wait_for_version


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlruns")


@pytest.fixture(scope="session", autouse=True)
def failing_fast() -> Iterator[None]:
    # The app sets these for its whole process, which it shares with the tests here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
        yield


@pytest.fixture(scope="session", autouse=True)
def few_log_lines() -> Iterator[None]:
    # Polling asks hundreds of times; a test of the log reads its own.
    with Path(os.devnull).open("w") as nowhere:
        logs.configure("error", nowhere)
        yield
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def mlflow_uri(store: Path) -> Iterator[str]:
    with running_server(store) as uri:
        yield uri


@pytest.fixture(scope="session")
def svd() -> FittedModel:
    return SVD(n_factors=8, n_epochs=10, random_state=0, user_step_reg=0.05).fit(ratings_table())


@pytest.fixture(scope="session")
def svd_with_axes() -> FittedModel:
    """Another one, whose axes were held against two refits; the first is steady."""
    ratings = ratings_table()
    config = SVD(4, 40, init_std_dev=0.01, lr_all=0.02, reg_all=0.05, random_state=0, user_step_reg=0.05)
    fitted = config.fit(ratings)
    matches = refit_matches(fitted, config, ratings, n_refits=2)
    axes = describe(fitted, Features.of(fitted.catalogue, fitted.factors.item_counts), matches)
    return replace(fitted, extra={DOCUMENT: axes.to_json()})


@pytest.fixture(scope="session")
def another_svd() -> FittedModel:
    return SVD(n_factors=4, n_epochs=10, random_state=1, user_step_reg=0.05).fit(ratings_table())


@pytest.fixture(scope="module")
def model(svd: FittedModel) -> FittedModel:
    """What `api` serves; a module may choose another."""
    return svd


@pytest.fixture(scope="module")
def api(mlflow_uri: str, model: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An API that serves `model` as version 1 of an otherwise empty registry."""
    empty_registry(mlflow_uri)
    register(mlflow_uri, model)
    with running_api(settings_for(mlflow_uri, tmp_path_factory.mktemp("cache"))) as client:
        wait_for_version(client, 1)
        yield client
