"""Models side by side on a slice of the demo set, behind a real MLflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.artifacts import download_artifacts
from mlflow.tracking import MlflowClient

from latentlens.errors import ConfigError, DataError, TrainingDiverged
from latentlens.evaluation.intervals import paired_p_value
from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.ranking import ranked
from latentlens.evaluation.ranking_report import measured
from latentlens.ratings.splits import Split
from latentlens.recommenders.presets import PRESETS, configured
from latentlens.recommenders.svd import SVD
from latentlens.tracking.names import EXPERIMENT
from latentlens.tracking.server import running_server
from latentlens.workflows.compare import BASELINES, compare
from latentlens.workflows.comparison import COLUMNS, METRICS, Comparison
from latentlens.workflows.comparison_page import headline, page
from latentlens.workflows.comparison_run import recorded
from latentlens.workflows.prepare import prepare


@pytest.fixture(scope="module")
def split() -> Split:
    return prepare("demo", most_active_users=200, most_rated_movies=300)


@pytest.fixture(scope="module")
def found(split: Split) -> Comparison:
    return compare(split, ["ease", "svd"])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    with running_server(tmp_path_factory.mktemp("compare") / "mlruns") as uri:
        yield MlflowClient(uri)


def test_the_named_models_and_the_baselines_are_ordered_by_the_metric(found: Comparison) -> None:
    assert {model.name for model in found.models} == {"ease", "svd", "popularity", "bias_only"}
    values = [model.figures["ndcg"] for model in found.models]
    assert values == sorted(values, reverse=True)
    assert (found.k, found.negatives, found.left_out, found.run_id) == (10, None, {}, None)


def test_the_figures_are_those_of_the_protocols(found: Comparison, split: Split) -> None:
    model = configured("ease", 42).fit(split.train)
    report = measured(model, ranked(model, split.test))
    (ease,) = (one for one in found.models if one.name == "ease")
    assert ease.figures["ndcg"] == report.mean("ndcg")
    assert ease.figures["coverage"] == report.coverage
    assert ease.figures["rmse"] == accuracy(model, split.test).rmse
    assert set(ease.figures) == {column.key for column in COLUMNS}
    assert ease.interval.low < ease.figures["ndcg"] < ease.interval.high
    assert ease.fit_seconds > 0
    assert ease.list_seconds > 0


def test_the_test_is_of_the_difference_to_the_best(found: Comparison) -> None:
    best, *others = found.models
    assert best.p_value is None
    for model in others:
        assert model.p_value == paired_p_value(best.lists.per_user["ndcg"], model.lists.per_user["ndcg"])


def test_a_seed_fixes_every_figure_but_the_times(found: Comparison, split: Split) -> None:
    def timeless(one: Comparison) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in model.items() if not name.endswith("_seconds")}
            for model in one.to_json()["models"]
        ]

    assert timeless(compare(split, ["svd", "ease"])) == timeless(found)


def test_another_metric_orders_and_tests(split: Split) -> None:
    found = compare(split, ["svd"], metric="recall", k=5)
    values = [model.figures["recall"] for model in found.models]
    assert values == sorted(values, reverse=True)
    assert all(model.interval.low <= model.figures["recall"] <= model.interval.high for model in found.models)
    assert found.columns()[0].key == "recall"
    assert set(METRICS) <= {column.key for column in COLUMNS}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"models": ["ease", "magic"]}, "There is no model 'magic': choose from tuned, svd,"),
        ({"metric": "magic"}, "There is no metric 'magic': choose from ndcg, precision,"),
        ({"k": 301}, "k is 301, and 300 movies compete"),
        ({"k": 10, "negatives": 9}, "k is 10, and 9 movies compete"),
    ],
)
def test_what_there_is_not_is_refused(split: Split, choices: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        compare(split, **{"models": [], **choices})


def test_a_test_side_on_which_nothing_is_liked_is_refused(split: Split) -> None:
    with pytest.raises(DataError, match="so that no list can be judged"):
        compare(split, [], liked=5.5)


def test_a_model_that_refuses_is_left_out_unless_it_was_named(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    presets = {name: PRESETS[name] for name in BASELINES} | {"wild": SVD(2, 5, lr_all=9.0, random_state=0)}
    for module in ("recommenders.presets", "workflows.compare"):
        monkeypatch.setattr(f"latentlens.{module}.PRESETS", presets)
    found = compare(split)
    assert list(found.left_out) == ["wild"]
    assert "learning rate" in found.left_out["wild"]
    assert "Without wild: " in page(found)
    with pytest.raises(TrainingDiverged):
        compare(split, ["wild"])


def test_each_model_is_told_before_it_is_fitted(split: Split) -> None:
    told: list[tuple[str, int, int]] = []
    compare(split, ["popularity"], on_model=lambda *told_of: told.append(told_of))
    assert told == [("popularity", 0, 2), ("bias_only", 1, 2)]


def test_findings_are_told_once_by_code_with_the_models_they_are_about(found: Comparison) -> None:
    codes = [one.code for one in found.findings]
    assert codes == sorted(set(codes))
    for one in found.findings:
        named = {name for names in one.seen.values() for name in names}
        assert named == {model.name for model in found.models if one.code in {its.code for its in model.findings}}


def test_the_markdown_table_has_a_row_for_each_model_and_the_best_in_bold(found: Comparison) -> None:
    head, rule, *rows = found.in_markdown("rmse").splitlines()
    assert head == "| model | nDCG | 95 % | p | RMSE |"
    assert rule == "| --- | --- | --- | --- | --- |"
    assert [row.split(" | ")[0][2:] for row in rows] == [model.name for model in found.models]
    assert f"**{found.models[0].figures['ndcg']:.3f}**" in rows[0]
    best = min(found.models, key=lambda model: model.errors.rmse)
    assert f"**{best.errors.rmse:.4f}**" in rows[found.models.index(best)]


def test_the_page_needs_nothing_else_and_is_the_same_twice(found: Comparison) -> None:
    text = page(found)
    assert text == page(found)
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=[\"']https?:", text)
    assert all(f"<th>{model.name}</th>" in text for model in found.models)
    assert all(f"<code>{one.code}</code>" in text for one in found.findings)
    assert "<svg" in text
    assert "&lt;b&gt;" in page(replace(found, data="<b>"))


def test_the_headline_says_who_is_best_and_who_may_be(found: Comparison) -> None:
    best, second, third, *_ = found.models
    few = [best, replace(second, p_value=0.2), replace(third, p_value=0.001)]
    assert headline(replace(found, models=tuple(few))).endswith(f"; {second.name} may be as good.")
    assert headline(replace(found, models=(best, few[2]))).endswith("beyond chance above all others.")
    assert headline(replace(found, models=(best, few[1]))).endswith("but no model is worse beyond chance.")
    many = (best, few[1], replace(third, p_value=0.3), few[2])
    assert f"{second.name} and {third.name} may be as good" in headline(replace(found, models=many))


def test_it_is_one_run_with_a_run_below_for_each_model_and_nothing_is_registered(
    client: MlflowClient, found: Comparison, split: Split, tmp_path: Path
) -> None:
    kept = recorded(found, split, tracking_uri=client.tracking_uri)
    assert kept.run_id is not None
    parent = client.get_run(kept.run_id)
    assert parent.info.run_name == "compare-demo"
    assert parent.info.status == "FINISHED"
    assert parent.data.params["split"] == split.rule
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    children = client.search_runs(
        [experiment.experiment_id], filter_string=f"tags.mlflow.parentRunId = '{kept.run_id}'"
    )
    assert {child.data.params["preset"] for child in children} == {model.name for model in found.models}
    for child in children:
        (model,) = (one for one in found.models if one.name == child.data.params["preset"])
        assert child.info.status == "FINISHED"
        assert child.data.metrics["ndcg_at_10"] == pytest.approx(model.figures["ndcg"])
        assert child.data.metrics["rmse"] == pytest.approx(model.errors.rmse)
        assert child.data.tags["findings"] == (" ".join(one.code for one in model.findings) or "none")
        assert {found.path for found in client.list_artifacts(child.info.run_id)} == {"findings.json", "findings.md"}
    assert {found.path for found in client.list_artifacts(kept.run_id)} == {
        "comparison.html",
        "comparison.json",
        "comparison.png",
        "findings.json",
        "findings.md",
    }
    path = download_artifacts(
        run_id=kept.run_id, artifact_path="comparison.json", dst_path=str(tmp_path), tracking_uri=client.tracking_uri
    )
    document = json.loads(Path(path).read_text())
    assert [model["model"] for model in document["models"]] == [model.name for model in found.models]
    assert client.search_registered_models() == []


@pytest.mark.realdata
def test_on_movielens_the_best_predictor_ranks_below_popularity_and_the_time_cut_leaves_too_few_users(
    movielens_small: Path,
) -> None:
    random = compare(prepare(str(movielens_small)), ["svd"])
    by_name = {model.name: model for model in random.models}
    assert by_name["svd"].errors.rmse < by_name["bias_only"].errors.rmse - 0.02
    assert by_name["svd"].figures["ndcg"] < by_name["popularity"].figures["ndcg"] - 0.03
    assert "LL002" in {one.code for one in by_name["svd"].findings}
    assert "LL007" not in {one.code for one in random.findings}
    cut = compare(prepare(str(movielens_small), by_time=True), [])
    assert cut.lists.n_users == 28
    assert "28 users (88 more are new to the fit)" in cut.about
    assert "LL007" in {one.code for one in cut.findings}
    assert not np.isnan(cut.models[0].figures["ndcg"])
