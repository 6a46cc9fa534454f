"""Record an experiment: one run in MLflow, its model folder, and the registered version."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException, RestException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from latentlens.errors import TrackingError
from latentlens.evaluation.findings import DOCUMENT, in_markdown, to_json
from latentlens.ratings.table import Origin
from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking import model_folder
from latentlens.tracking.experiment import Experiment, Recorded
from latentlens.tracking.names import EXPERIMENT, REGISTERED_MODEL
from latentlens.tracking.registry import in_a_line
from latentlens.tracking.rest import answers


def record(experiment: Experiment, tracking_uri: str, *, register: bool = True) -> Recorded:
    """Record a run; with `register`, its model becomes the newest version of the registered model.

    A version is registered last, when everything that it points to is whole. Raises TrackingError if the server refuses
    or cannot be reached; the run is then marked as failed, or as killed if the recording was interrupted.
    """
    with _reached(tracking_uri) as client, _run(client, experiment) as run_id:
        client.set_terminated(run_id, "FINISHED")
        version = None
        if register and experiment.model is not None:
            version = register_run(client, run_id, folder_name(experiment.model))
    return Recorded(run_id, version)


def record_comparison(parent: Experiment, children: Sequence[Experiment], tracking_uri: str) -> str:
    """Record a run with a run below it for each child; nothing is registered. Returns the parent's id; see `record`."""
    with _reached(tracking_uri) as client, _run(client, parent) as parent_id:
        for child in children:
            with _run(client, child, {MLFLOW_PARENT_RUN_ID: parent_id}) as run_id:
                client.set_terminated(run_id, "FINISHED")
        client.set_terminated(parent_id, "FINISHED")
    return parent_id


@contextmanager
def _reached(tracking_uri: str) -> Iterator[MlflowClient]:
    try:
        with _giving_up_within_a_minute():
            yield MlflowClient(tracking_uri)
    except (MlflowException, OSError) as problem:
        raise TrackingError(_reason(tracking_uri, problem)) from problem


@contextmanager
def _run(client: MlflowClient, experiment: Experiment, tags: dict[str, str] | None = None) -> Iterator[str]:
    """Make a run that shows the experiment; whoever adds to it ends it, and if that fails it is marked."""
    run_id = client.create_run(_experiment_id(client), run_name=experiment.run_name, tags=tags).info.run_id
    try:
        _log(client, run_id, experiment)
        yield run_id
    except BaseException as problem:
        _give_up(client, run_id, "KILLED" if isinstance(problem, KeyboardInterrupt) else "FAILED")
        raise


def _give_up(client: MlflowClient, run_id: str, status: str) -> None:
    """Mark a run, and take back a version that was registered while the interrupt arrived."""
    if not answers(client.tracking_uri):
        return
    with suppress(MlflowException, OSError):
        client.set_terminated(run_id, status)
        for version in client.search_model_versions(f"run_id='{run_id}'"):
            client.delete_model_version(REGISTERED_MODEL, version.version)


def _reason(tracking_uri: str, problem: Exception) -> str:
    """Say in a sentence why nothing was registered."""
    if not answers(tracking_uri):
        cause = "it stopped answering; train again once it runs"
    elif isinstance(problem, RestException | OSError):
        cause = in_a_line(problem)
    else:  # of its own failures MLflow's client tells nothing but their number
        cause = "its log says why"
    return f"MLflow at {tracking_uri} did not record the run, so no model was registered: {cause}."


@contextmanager
def _giving_up_within_a_minute() -> Iterator[None]:
    """Let MLflow's client in this process soon give up on a server that died; by default it tries for minutes."""
    told = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
    added = {name: value for name, value in told.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def folder_name(model: FittedModel) -> str:
    """Name of the folder, in the run's artifacts, that holds the model."""
    return f"{model.recommender}_model"


def register_run(client: MlflowClient, run_id: str, folder: str) -> int:
    """Make the model in this folder of a run the newest version of the registered model; the version's number."""
    # Not mlflow.register_model: it needs the tracking address set for the whole process and all its children.
    with suppress(MlflowException):  # it exists already; any other trouble shows in the next call
        client.create_registered_model(REGISTERED_MODEL)
    source = f"{client.get_run(run_id).info.artifact_uri}/{folder}"
    return int(client.create_model_version(REGISTERED_MODEL, source, run_id).version)


def _experiment_id(client: MlflowClient) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return str(client.create_experiment(EXPERIMENT))
    # An experiment keeps its artifact location for ever; other machines see only what the server serves.
    if not found.artifact_location.startswith("mlflow-artifacts:"):
        raise TrackingError(
            f"The experiment {EXPERIMENT} keeps its artifacts in {found.artifact_location}, which only one machine"
            " sees: rename it in MLflow, then train again."
        )
    return str(found.experiment_id)


def _log(client: MlflowClient, run_id: str, experiment: Experiment) -> None:
    client.log_batch(
        run_id,
        params=[Param(name, str(value)) for name, value in experiment.params.items()],
        metrics=[Metric(name, value, 0, 0) for name, value in experiment.metrics.items()]
        + [
            Metric(name, value, 0, epoch)
            for name, curve in experiment.curves.items()
            for epoch, value in enumerate(curve, start=1)
        ],
    )
    client.set_tag(run_id, "mlflow.note.content", experiment.card)
    client.log_inputs(run_id, [_dataset(experiment.origin)])
    # Runs with a finding are searched for by this tag.
    client.set_tag(run_id, "findings", " ".join(one.code for one in experiment.findings) or "none")
    if experiment.model is not None:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            model_folder.write(experiment.model, folder)
            client.log_artifacts(run_id, str(folder), folder_name(experiment.model))
    found = json.dumps(to_json(experiment.findings), ensure_ascii=False, indent=1)
    told = {DOCUMENT: found, "findings.md": in_markdown(experiment.findings)}
    for name, text in {**told, **experiment.documents}.items():
        client.log_text(run_id, text, name)
    for name, picture in experiment.pictures.items():
        client.log_figure(run_id, picture, name)


def _dataset(origin: Origin) -> DatasetInput:
    """Name the data set and its contents; MLflow never loads it, LatentLens reads its own sources."""
    # MLflow refuses digests over 36 characters; the whole SHA-256 is among the parameters.
    dataset = Dataset(origin.name, origin.sha256[:36], "latentlens", json.dumps({"name": origin.name}))
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
