"""Ranking on real ratings."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlens.evaluation.intervals import bootstrap_interval, paired_p_value
from latentlens.evaluation.leakage import n_leaked
from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.ranking import ranked
from latentlens.evaluation.ranking_report import measured
from latentlens.ratings.readers import read
from latentlens.ratings.splits import random_split
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.presets import PRESETS


@pytest.mark.realdata
def test_the_lower_rmse_has_the_worse_lists(movielens_small: Path) -> None:
    train, test, _ = random_split(read(str(movielens_small)), 0.2, 42)
    svd, popularity = PRESETS["surprise"].fit(train), Popularity().fit(train)
    assert n_leaked(svd.history, test) == 0
    assert accuracy(svd, test).rmse < accuracy(popularity, test).rmse - 0.05
    of_svd, of_popularity = (measured(model, ranked(model, test)) for model in (svd, popularity))
    assert of_svd.users.tolist() == of_popularity.users.tolist()
    assert of_popularity.mean("precision") > 2 * of_svd.mean("precision")
    gain = of_popularity.per_user["ndcg"] - of_svd.per_user["ndcg"]
    assert bootstrap_interval(gain).low > 0.03
    assert paired_p_value(of_popularity.per_user["ndcg"], of_svd.per_user["ndcg"]) < 0.001
    # What it gains in hits it pays with: the same few movies for everybody.
    assert of_popularity.coverage < of_svd.coverage / 3
    assert of_popularity.popularity_bias > 2 > of_svd.popularity_bias
