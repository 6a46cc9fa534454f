"""The run in MLflow is what DESIGN promises to the person who audits it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.models import validate_serving_input
from mlflow.tracking import MlflowClient

from latentlens.errors import TrackingError
from latentlens.evaluation.findings import findings_of, in_markdown, to_json
from latentlens.explain.axes import axes_of
from latentlens.explain.report import headline
from latentlens.processes import Child, free_port
from latentlens.ratings.splits import Split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import EpochReport, FittedModel
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD
from latentlens.tracking.experiment import Experiment
from latentlens.tracking.names import EXPERIMENT, REGISTERED_MODEL
from latentlens.tracking.registry import Registry
from latentlens.tracking.runs import record, record_comparison
from latentlens.workflows.prepare import prepare
from latentlens.workflows.train import TrainReport, train

FOLDER = "surprise_svd_model"
UNKNOWN = 10_000_000


class Trained(NamedTuple):
    """A real training on a slice of the demo set, and what was printed meanwhile."""

    split: Split
    config: SVD
    epochs: list[EpochReport]
    report: TrainReport
    run: Run


@pytest.fixture(scope="module")
def client(uri: str) -> MlflowClient:
    return MlflowClient(uri)


@pytest.fixture(scope="module")
def trained(client: MlflowClient, uri: str) -> Trained:
    split = prepare("demo", most_active_users=200, most_rated_movies=300)
    config = replace(PRESETS["tuned"], n_factors=6, n_epochs=4, n_threads=1)
    epochs: list[EpochReport] = []
    report = train(
        split.train,
        split.test,
        config,
        run_name="An audited run",
        preset="tuned",
        tracking_uri=uri,
        on_epoch=lambda epoch: epochs.append(epoch),
    )
    return Trained(split, config, epochs, report, client.get_run(report.run_id))


@pytest.fixture(scope="module")
def served(trained: Trained, uri: str, tmp_path_factory: pytest.TempPathFactory) -> FittedModel:
    """The model as the API holds it."""
    registry = Registry(uri)
    assert trained.report.model_version is not None
    return registry.fetch(registry.version(trained.report.model_version), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def address(trained: Trained) -> str:
    return f"models:/{REGISTERED_MODEL}/{trained.report.model_version}"


@pytest.fixture(scope="module")
def downloaded(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registered model on this disk."""
    folder = tmp_path_factory.mktemp("downloaded")
    return Path(mlflow.artifacts.download_artifacts(address, dst_path=str(folder)))


def listed(client: MlflowClient, trained: Trained, folder: str | None = None) -> dict[str, bool]:
    """Paths among the run's artifacts, and whether each is a folder."""
    return {found.path: found.is_dir for found in client.list_artifacts(trained.report.run_id, folder)}


def pairs(model: FittedModel, n: int = 200) -> pd.DataFrame:
    """Pairs of known ids, and at the end pairs with an id that nobody knows."""
    random = np.random.default_rng(3)
    factors = model.factors
    users = random.choice(factors.user_ids.values[factors.user_counts > 0], n)
    movies = random.choice(factors.item_ids.values[factors.item_counts > 0], n)
    if factors.user_ids.is_text:
        return pd.DataFrame({"userId": [*users, "nobody"], "movieId": [*movies, "nothing"]})
    users[-2], movies[-1] = UNKNOWN, UNKNOWN
    return pd.DataFrame({"userId": users, "movieId": movies})


def assert_same_bits(got: Any, model: FittedModel, frame: pd.DataFrame) -> None:
    expected = model.predict(frame["userId"].to_numpy(), frame["movieId"].to_numpy())
    answered = np.asarray(got)
    assert answered.dtype == np.float64
    assert answered.tobytes() == expected.tobytes()


def test_the_run_is_in_the_experiment_under_the_name_given(client: MlflowClient, trained: Trained) -> None:
    assert trained.run.info.run_name == trained.report.run_name == "An audited run"
    assert trained.run.info.status == "FINISHED"
    assert client.get_experiment(trained.run.info.experiment_id).name == EXPERIMENT


def test_every_hyper_parameter_is_a_param(trained: Trained) -> None:
    params = trained.run.data.params
    assert {name: params[name] for name in asdict(trained.config)} == {
        name: str(value) for name, value in asdict(trained.config).items()
    }
    assert (params["model_type"], params["preset"]) == ("surprise_svd", "tuned")


def test_the_data_are_named_counted_and_hashed(trained: Trained) -> None:
    params = trained.run.data.params
    origin = trained.split.train.origin
    assert (params["data_name"], params["data_sha256"]) == ("demo", origin.sha256)
    assert params["split"] == "test side: random, test_size=0.2, seed=42"
    sizes = [int(params[f"n_ratings_{side}"]) for side in ("train", "validation", "test")]
    assert sizes[0] + sizes[1] == len(trained.split.train)
    assert sizes[1] == round(0.05 * len(trained.split.train))
    assert sizes[2] == len(trained.split.test)
    assert int(params["n_users"]) == 200
    assert int(params["n_movies"]) <= 300


def test_metrics_are_those_of_the_report(trained: Trained) -> None:
    report, metrics = asdict(trained.report), trained.run.data.metrics
    for name in ("rmse", "mae", "bias_rmse", "popularity_rmse", "fit_seconds"):
        assert metrics[name] == report[name]
    lists = ("ndcg_at_10", "popularity_ndcg_at_10", "recall_at_10", "coverage_at_10", "popularity_bias_at_10")
    for name in (*lists, "n_users_with_a_list"):
        assert metrics[name] == report[name]
    assert 0 < report["ndcg_at_10"] < 1
    assert 150 < report["n_users_with_a_list"] <= 200
    for name in ("axes_steady", "axes_named", "axes_named_share", "deletion_ratio", "influence_correlation"):
        assert metrics[name] == report[name]


def test_the_axes_come_with_the_model_and_as_a_page_among_the_artifacts(
    client: MlflowClient, trained: Trained, served: FittedModel
) -> None:
    axes = axes_of(served)
    assert axes is not None
    assert {len(axis.matches) for axis in axes.axes} == {5}
    assert [axis.name for axis in axes.named] == list(trained.report.axis_names)
    assert not listed(client, trained)["axes.html"]
    page = mlflow.artifacts.load_text(f"{trained.run.info.artifact_uri}/axes.html")
    assert page.startswith("<!doctype html>")
    assert headline(axes) in page


def test_findings_are_in_the_run_in_its_card_and_in_the_model(
    client: MlflowClient, trained: Trained, served: FittedModel
) -> None:
    found = trained.report.findings
    # Four epochs learn little.
    assert "LL006" in {one.code for one in found}
    assert findings_of(served) == found
    assert trained.run.data.tags["findings"] == " ".join(one.code for one in found)
    artifacts = trained.run.info.artifact_uri
    assert mlflow.artifacts.load_dict(f"{artifacts}/findings.json") == to_json(found)
    for page in ("findings.md", "model_card.md"):
        assert in_markdown(found) in mlflow.artifacts.load_text(f"{artifacts}/{page}")


def test_curves_are_what_was_watched(client: MlflowClient, trained: Trained) -> None:
    for name in ("train_rmse", "validation_rmse"):
        history = client.get_metric_history(trained.report.run_id, name)
        watched = {epoch.epoch: getattr(epoch, name) for epoch in trained.epochs}
        assert {point.step: point.value for point in history} == watched
        assert list(watched) == [1, 2, 3, 4]


def test_the_model_is_a_folder_among_the_artifacts(client: MlflowClient, trained: Trained) -> None:
    assert listed(client, trained)[FOLDER]
    inside = listed(client, trained, FOLDER)
    assert not inside[f"{FOLDER}/MLmodel"]
    assert not inside[f"{FOLDER}/requirements.txt"]
    assert not [path for path in inside if path.endswith((".pkl", ".pickle"))]


def test_pictures_are_among_the_artifacts(client: MlflowClient, trained: Trained) -> None:
    assert set(listed(client, trained, "plots")) == {
        "plots/error_by_movie.png",
        "plots/error_by_user.png",
        "plots/learning_curve.png",
        "plots/predicted_against_actual.png",
        "plots/rating_distribution.png",
    }


def test_what_was_done_to_the_rows_is_among_the_artifacts(trained: Trained) -> None:
    notes = mlflow.artifacts.load_dict(f"{trained.run.info.artifact_uri}/data.json")["notes"]
    assert [note["what"] for note in notes][:3] == [
        "read",
        "kept: 200 most active users, 300 most rated movies",
        "train side: random, test_size=0.2, seed=42",
    ]
    assert notes[2]["rows"] == len(trained.split.train)


def test_the_model_card_is_an_artifact_and_the_description(trained: Trained) -> None:
    card = mlflow.artifacts.load_text(f"{trained.run.info.artifact_uri}/model_card.md")
    assert trained.run.data.tags["mlflow.note.content"] == card
    assert f"{trained.report.rmse:.4f}" in card
    assert f"{trained.report.bias_rmse:.4f}" in card
    assert trained.split.train.origin.sha256 in card


def test_the_data_set_is_an_input_of_the_run(trained: Trained) -> None:
    assert trained.run.inputs is not None
    (used,) = trained.run.inputs.dataset_inputs
    origin = trained.split.train.origin
    assert used.dataset.name == "demo"
    assert used.dataset.digest == origin.sha256[:36]
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "training"}


def test_the_signature_is_two_longs_to_a_double(downloaded: Path) -> None:
    signature = mlflow.models.get_model_info(str(downloaded)).signature
    assert signature.inputs.to_dict() == [
        {"type": "long", "name": "userId", "required": True},
        {"type": "long", "name": "movieId", "required": True},
    ]
    assert signature.outputs.to_dict() == [{"type": "double", "required": True}]


@pytest.mark.filterwarnings("ignore:.*validate_serving_input.* is deprecated:FutureWarning")
def test_the_input_example_validates(downloaded: Path, served: FittedModel) -> None:
    example = (downloaded / "serving_input_example.json").read_text()
    answered = validate_serving_input(str(downloaded), example)
    rows = pd.DataFrame(**json.loads(example)["dataframe_split"])
    assert len(rows) == 5
    assert_same_bits(answered, served, rows)


def test_the_version_comes_from_the_folder_of_its_run(client: MlflowClient, trained: Trained) -> None:
    version = client.get_model_version(REGISTERED_MODEL, str(trained.report.model_version))
    assert version.run_id == trained.report.run_id
    assert version.source == f"{trained.run.info.artifact_uri}/{FOLDER}"
    assert version.source.startswith("mlflow-artifacts:/")


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_pyfunc_answers_the_bits_of_the_served_model(
    address: str, served: FittedModel, tmp_path: Path, dtype: type[np.integer]
) -> None:
    frame = pairs(served).astype(dtype)
    assert_same_bits(mlflow.pyfunc.load_model(address, dst_path=str(tmp_path)).predict(frame), served, frame)


def test_text_is_refused_where_ids_are_whole_numbers(address: str, served: FittedModel, tmp_path: Path) -> None:
    model = mlflow.pyfunc.load_model(address, dst_path=str(tmp_path))
    with pytest.raises(MlflowException, match="userId"):
        model.predict(pairs(served).astype({"userId": str}))


def test_text_ids_are_strings_and_answer_the_same_bits(uri: str, tmp_path: Path) -> None:
    users, movies = np.divmod(np.arange(40), 8)
    table = Ratings.of(
        np.array([f"user-{user}" for user in users]),
        np.array([f"movie-{movie}" for movie in movies]),
        1.0 + (users + movies) % 5,
    )
    model = SVD(n_factors=2, n_epochs=3, random_state=0).fit(table)
    run_id, version = record(Experiment("text", model, table.origin, {}, {}, card=""), uri, register=False)
    assert version is None
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/{FOLDER}", dst_path=str(tmp_path))
    assert [column["type"] for column in loaded.metadata.signature.inputs.to_dict()] == ["string", "string"]
    frame = pairs(model)
    assert_same_bits(loaded.predict(frame), model, frame)


def test_a_run_that_cannot_be_finished_is_marked_as_failed_and_not_registered(
    client: MlflowClient, trained: Trained, served: FittedModel, uri: str
) -> None:
    broken = Experiment("broken", served, trained.split.train.origin, {"not#a#name": 1}, {}, card="")
    with pytest.raises(TrackingError, match="so no model was registered: INVALID_PARAMETER_VALUE"):
        record(broken, uri)
    (run,) = client.search_runs([trained.run.info.experiment_id], "attributes.run_name = 'broken'")
    assert run.info.status == "FAILED"
    assert not client.search_model_versions(f"run_id='{run.info.run_id}'")


def test_a_comparison_of_which_a_part_cannot_be_recorded_is_marked_as_failed(
    client: MlflowClient, trained: Trained, uri: str
) -> None:
    whole = Experiment("whole", None, trained.split.train.origin, {}, {}, card="")
    with pytest.raises(TrackingError, match="INVALID_PARAMETER_VALUE"):
        record_comparison(replace(whole, run_name="above"), [whole, replace(whole, params={"not#a#name": 1})], uri)
    status = {
        name: {
            run.info.status
            for run in client.search_runs([trained.run.info.experiment_id], f"attributes.run_name = '{name}'")
        }
        for name in ("above", "whole")
    }
    assert status == {"above": {"FAILED"}, "whole": {"FINISHED", "FAILED"}}


def test_an_experiment_that_keeps_its_artifacts_on_one_machine_is_refused_until_it_is_renamed(
    client: MlflowClient, trained: Trained, served: FittedModel, uri: str, tmp_path: Path
) -> None:
    ours = trained.run.info.experiment_id
    another = Experiment("another", served, trained.split.train.origin, {}, {}, card="")
    client.rename_experiment(ours, "set aside")
    local = client.create_experiment(EXPERIMENT, artifact_location=tmp_path.as_uri())
    try:
        with pytest.raises(TrackingError, match=r"which only one machine sees: rename it in MLflow") as refused:
            record(another, uri, register=False)
        assert tmp_path.as_uri() in str(refused.value)
        assert not client.search_runs([local])
    finally:
        client.rename_experiment(local, "on one machine")
        client.rename_experiment(ours, EXPERIMENT)
    assert client.get_run(record(another, uri, register=False).run_id).info.experiment_id == ours


ALONE = """
import importlib.util, json, sys
assert importlib.util.find_spec("latentlens") is None
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
frame = pandas.DataFrame(json.load(sys.stdin))
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[2]).predict(frame).tolist()))
"""


def environment_of(requirements: Path, folder: Path) -> Path:
    """Python of a new virtual environment that holds what `requirements` lists and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    # Both install into another environment than their own; uv is several times faster.
    tool = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "--python", str(python), "install"]
    into = ["--python", str(python)] if uv else []
    subprocess.run([*tool, *into, "--quiet", "-r", str(requirements)], check=True)
    return python


def answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as reply:
        return json.load(reply)


def is_ready(url: str) -> bool:
    try:
        return bool(answer(f"{url}/ready"))
    except OSError:
        return False


@pytest.mark.slow
def test_without_latentlens_the_model_answers_the_bits_of_the_api(
    address: str, downloaded: Path, served: FittedModel, uri: str, tmp_path: Path
) -> None:
    frame = pairs(served, 25)
    python = environment_of(downloaded / "requirements.txt", tmp_path / "venv")
    alone = subprocess.run(
        [str(python), "-I", "-c", ALONE, uri, address],
        input=frame.to_json(orient="records"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "latentlens", "serve", "--port", str(port), "--tracking-uri", uri]
    api = Child("The API", command, tmp_path / "api.log", {"LATENTLENS_CACHE": str(tmp_path / "cache")})
    try:
        api.wait_until(lambda: is_ready(url), 60)
        answered = [answer(f"{url}/predict?user_id={row.userId}&movie_id={row.movieId}") for row in frame.itertuples()]
    finally:
        api.stop()
    # JSON carries doubles whole: the shortest text that reads back as the same bits.
    assert [row["predicted_rating"] for row in answered] == json.loads(alone.stdout.splitlines()[-1])
    assert [row["user_known"] for row in answered].count(False) == 1
