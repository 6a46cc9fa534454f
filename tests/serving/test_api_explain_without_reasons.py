"""A model that keeps its trained vectors, and whose axes nobody described, says that it has no reasons."""

from __future__ import annotations

import httpx
import pytest

from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD

from .support import problem, ratings_table


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return SVD(n_factors=4, n_epochs=2, random_state=0).fit(ratings_table())


def test_reasons_need_the_exact_user_step(api: httpx.Client) -> None:
    for reply in (
        api.get("/explain/1/101"),
        api.get("/recommend/1?explain=true"),
        api.post("/recommend", json={"ratings": [{"movie_id": 101, "rating": 4}], "explain": True}),
    ):
        assert "train with the preset tuned" in problem(reply, 409)


@pytest.mark.parametrize("path", ["/axes", "/axes/1", "/users/1/taste"])
def test_axes_that_were_not_described_are_said(api: httpx.Client, path: str) -> None:
    assert "No axis of the served surprise_svd model is described" in problem(api.get(path), 409)
