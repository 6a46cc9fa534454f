"""The notebook in the guide's order: nothing running, the notebook, then everything up over what it recorded."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import nbclient
import nbformat
import pytest
from mlflow.tracking import MlflowClient

from latentlens.processes import free_port, require_free
from latentlens.tracking.names import EXPERIMENT, REGISTERED_MODEL
from latentlens.tracking.server import running_server

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05-MLflow-Experiment-Tracking.ipynb"
RUN_NAME = "SVD_PRODUCTION_READY_FINAL_V2"
CELL_SECONDS = 300


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run_in(folder: Path) -> list[str]:
    """Execute a copy with `folder` as the working directory; what each code cell printed."""
    notebook = read()
    nbclient.NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in code_cells(notebook)]


def printed_rmse(text: str) -> float:
    found = re.search(r"^RMSE: (\d\.\d{4}) ", text, re.MULTILINE)
    assert found, text
    return float(found[1])


@pytest.fixture(scope="module", autouse=True)
def nothing_running() -> Iterator[None]:
    """No server of this machine is found by the notebook."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("LATENTLENS_MLFLOW_PORT", str(free_port()))
        yield


class Loop(NamedTuple):
    """What was seen on the guide's way."""

    prepared: str
    trained: str
    model: dict[str, Any]
    recommended: dict[str, Any]
    doctor: dict[str, dict[str, Any]]
    runs: list[Any]
    versions: list[Any]
    said_by_up: str
    exit_code: int
    ports: tuple[int, int]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    project = tmp_path_factory.mktemp("project")
    (project / "notebooks").mkdir()
    prepared, trained = run_in(project / "notebooks")
    ports = (free_port(), free_port())
    options = ["--mlflow-port", str(ports[0]), "--api-port", str(ports[1])]
    command = [sys.executable, "-m", "latentlens"]
    up = subprocess.Popen([*command, "up", *options], cwd=project, stderr=subprocess.PIPE, text=True)
    assert up.stderr is not None
    said = []
    try:
        # The last thing that it says once everything answers; if it dies, the lines end.
        for line in up.stderr:
            said.append(line)
            if "Press Ctrl-C" in line:
                break
        assert up.poll() is None, "".join(said)
        api = httpx.Client(base_url=f"http://127.0.0.1:{ports[1]}", timeout=30, trust_env=False)
        mlflow = MlflowClient(f"http://127.0.0.1:{ports[0]}")
        with api:
            model = api.get("/model").raise_for_status().json()
            recommended = api.get("/recommend/1").raise_for_status().json()
        experiment = mlflow.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        runs = list(mlflow.search_runs([experiment.experiment_id]))
        versions = list(mlflow.search_model_versions(f"name='{REGISTERED_MODEL}'"))
        doctor = subprocess.run(
            [*command, "doctor", *options, "--json"], cwd=project, check=True, capture_output=True, text=True
        )
        up.send_signal(signal.SIGINT)
        rest = up.communicate(timeout=60)[1]
    finally:
        up.kill()
        up.communicate()
    return Loop(
        prepared=prepared,
        trained=trained,
        model=model,
        recommended=recommended,
        doctor={finding["what"]: finding for finding in json.loads(doctor.stdout)},
        runs=runs,
        versions=versions,
        said_by_up="".join([*said, rest]),
        exit_code=up.returncode,
        ports=ports,
    )


def test_it_is_valid_has_two_code_cells_and_is_stored_without_outputs() -> None:
    notebook = read()
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    cells = code_cells(notebook)
    assert len(cells) == 2
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_its_second_cell_names_the_run_and_the_hyper_parameters() -> None:
    source = code_cells(read())[1].source
    assert f'run_name = "{RUN_NAME}"' in source
    assert "n_factors=150, n_epochs=20" in source


def test_the_first_cell_ends_with_the_mise_en_place(loop: Loop) -> None:
    last = loop.prepared.splitlines()[-1]
    assert last.startswith("¡Mise en Place completado!")
    train, test = map(int, re.findall(r"(\d+) valoraciones para entrenar y (\d+)", last)[0])
    assert test == round(0.2 * (train + test))


def test_the_second_cell_prints_the_rmse_that_the_run_records(loop: Loop) -> None:
    (run,) = loop.runs
    assert run.info.run_name == RUN_NAME
    assert run.info.status == "FINISHED"
    assert printed_rmse(loop.trained) == round(run.data.metrics["rmse"], 4)
    assert loop.trained.count("Época") == 20
    assert "latentlens, versión 1" in loop.trained


def test_the_api_serves_that_very_run(loop: Loop) -> None:
    (run,) = loop.runs
    assert loop.model["run_id"] == run.info.run_id
    assert loop.model["model_version"] == 1
    assert round(loop.model["metrics"]["rmse"], 4) == printed_rmse(loop.trained)


def test_the_trainer_does_nothing_when_a_model_is_registered(loop: Loop) -> None:
    assert len(loop.runs) == 1
    assert [version.version for version in loop.versions] in (["1"], [1])
    assert "Version 1 is registered already" in loop.said_by_up


def test_user_1_gets_ten_movies(loop: Loop) -> None:
    assert loop.recommended["strategy"] == "personal"
    assert len({movie["movie_id"] for movie in loop.recommended["recommendations"]}) == 10


def test_the_doctor_finds_both_servers_and_the_served_model(loop: Loop) -> None:
    mlflow, api = (
        loop.doctor[f"{what} on http://127.0.0.1:{port}"]
        for what, port in zip(("MLflow", "API"), loop.ports, strict=True)
    )
    assert (mlflow["ok"], mlflow["found"]) == (True, "answers")
    assert (api["ok"], api["found"]) == (True, f"serves version 1, RMSE {printed_rmse(loop.trained):.4f}")


def test_ctrl_c_stops_everything_and_frees_the_ports(loop: Loop) -> None:
    assert loop.exit_code == 130
    assert loop.said_by_up.endswith("Stopped.\n")
    for port in loop.ports:
        require_free("127.0.0.1", port, "the test", "nothing")


def test_from_the_project_root_it_finds_the_server_that_up_runs(tmp_path: Path) -> None:
    with running_server(tmp_path / "mlruns", shared=True) as uri:
        trained = run_in(tmp_path)[1]
        version = MlflowClient(uri).get_model_version(REGISTERED_MODEL, "1")
        assert version.run_id
        run = MlflowClient(uri).get_run(version.run_id)
    assert run.info.run_name == RUN_NAME
    assert printed_rmse(trained) == round(run.data.metrics["rmse"], 4)
