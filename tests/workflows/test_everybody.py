"""The lists of all users, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.recommenders.support import small_sides

from latentlens.errors import ConfigError
from latentlens.recommenders import many_lists
from latentlens.recommenders.fitted import Filters, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.svd import SVD
from latentlens.workflows.everybody import write_lists

SVD_PART: dict[str, Any] = {"n_factors": 6, "n_epochs": 8, "lr_all": 0.02, "random_state": 1, "user_step_reg": 0.05}
RANKED: dict[str, Recommender] = {
    "svd": SVD(**SVD_PART),
    "hybrid": Hybrid(**SVD_PART, ranking_factors=5, ranking_reg=5.0, rating_weight=0.2),
    "item-knn": ItemKNN(k=20),
}


@pytest.mark.parametrize("text", [False, True], ids=["int-ids", "str-ids"])
@pytest.mark.parametrize("filters", [Filters(), Filters(genre="comedy", year_from=1980)], ids=["all", "filtered"])
@pytest.mark.parametrize("name", list(RANKED))
def test_each_list_is_that_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bool, filters: Filters, name: str
) -> None:
    monkeypatch.setattr(many_lists, "_BATCH", 7)
    model = RANKED[name].fit(small_sides(text=text).train)
    out = tmp_path / "lists.parquet"
    told: list[tuple[int, int]] = []
    n_users = write_lists(model, out, 5, filters, lambda done, total: told.append((done, total)))
    known = [user for user in model.factors.user_ids.values.tolist() if model.knows_user(user)]
    expected = [
        (user, rank, row.movie_id, row.predicted_rating)
        for user in known
        for rank, row in enumerate(model.recommend(user, 5, filters), 1)
    ]
    assert pl.read_parquet(out).rows() == expected
    assert pl.read_parquet(out).columns == ["user_id", "rank", "movie_id", "predicted_rating"]
    assert n_users == len(known)
    assert told[0] == (7, n_users)
    assert told[-1] == (n_users, n_users)


def test_a_stopped_writing_leaves_no_file(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    model = SVD(3, 2, random_state=1).fit(small_sides().train)
    with pytest.raises(KeyboardInterrupt):
        write_lists(model, tmp_path / "lists.parquet", on_batch=stop)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    model = SVD(3, 2, random_state=1).fit(small_sides().train)
    with pytest.raises(ConfigError, match=r"lists.parquet cannot be written .*: name a file in a folder of yours"):
        write_lists(model, tmp_path / "nowhere" / "lists.parquet")


def test_a_model_with_one_list_for_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has one list for all"):
        write_lists(Popularity().fit(small_sides().train), tmp_path / "lists.parquet")
