"""One server over one store: started, found, refused."""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from latentlens.errors import LaunchError, TrackingError
from latentlens.tracking import rest
from latentlens.tracking.names import EXPERIMENT
from latentlens.tracking.rest import answers
from latentlens.tracking.server import running_server, tracking_server
from latentlens.tracking.store import database, hold, in_use
from latentlens.workflows.doctor import examine
from latentlens.workflows.reset import reset

NOBODY = "http://127.0.0.1:9"


class Interrupted(Exception):
    """Ends a block in the middle."""


@pytest.fixture(autouse=True)
def no_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # MLflow leaves there what other tests told it.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")


@pytest.fixture
def another_website(tmp_path: Path) -> Iterator[str]:
    """A server that is not MLflow: every address is 404, as MLflow's is where the host is refused with 403."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_address_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(TrackingError, match=f"No MLflow server answers at {NOBODY}: start it, or leave"),
        tracking_server(tmp_path / "mlruns", NOBODY),
    ):
        pass
    assert not (tmp_path / "mlruns").exists()


def test_the_address_in_the_environment_counts_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOBODY)
    with pytest.raises(TrackingError, match="No MLflow server answers"), tracking_server(tmp_path / "mlruns"):
        pass


@pytest.mark.parametrize("address", ["file:///etc/hosts", "sqlite:///mlflow.db", "databricks", "http://[", NOBODY])
def test_what_is_no_address_of_a_server_does_not_answer(address: str) -> None:
    assert not answers(address)


def test_a_server_that_is_not_mlflow_does_not_answer(another_website: str) -> None:
    assert not answers(another_website)


def work_until_interrupted(store: Path, seen: list[str]) -> None:
    with tracking_server(store) as uri:
        seen.append(uri)
        assert in_use(store)
        with pytest.raises(TrackingError, match="Another latentlens command is using"), tracking_server(store):
            pass
        raise Interrupted


def test_a_short_lived_server_holds_its_store_and_frees_it_whatever_happens(tmp_path: Path) -> None:
    store, seen = tmp_path / "mlruns", list[str]()
    assert not in_use(store)
    with pytest.raises(Interrupted) as kept:
        work_until_interrupted(store, seen)
    # A notebook keeps its last error, and with it every frame: the store must be free all the same.
    assert kept.value.__traceback__ is not None
    assert not in_use(store)
    assert not answers(seen[0])


def test_a_running_server_is_used_unless_it_surely_keeps_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, empty, other = (tmp_path / name for name in ("mlruns", "empty", "other"))
    said: list[str] = []
    with running_server(store, shared=True) as uri:
        # Not on the usual port, where nobody answers.
        with tracking_server(store, say=said.append) as found:
            assert (found, said) == (uri, [])
        monkeypatch.setenv("LATENTLENS_MLFLOW_PORT", uri.rpartition(":")[2])
        with tracking_server(empty, say=said.append) as found:
            assert found == uri
        assert said.pop() == f"There is nothing in {empty}: using MLflow at {uri}."
        # Without the address in the store, as of a server that somebody started by hand.
        (store / ".server").unlink()
        with tracking_server(store, say=said.append) as found:
            assert (found, said) == (uri, [])
        make_database(other)
        # It is about to start a server of its own over a store that is held.
        with hold(other), pytest.raises(TrackingError, match="Another latentlens command is using"):
            tracking_server(other, say=said.append).__enter__()
        assert said == [f"MLflow at {uri} keeps another store than {other}: not used (--tracking-uri {uri} would)."]
        # Who only borrows a server does not stop it.
        assert answers(uri)
    assert not empty.exists()
    assert not answers(uri)
    assert not in_use(store)


def make_database(store: Path) -> None:
    """As MLflow would, as far as it tells stores apart."""
    store.mkdir()
    with closing(sqlite3.connect(database(store))) as made, made:
        made.execute("CREATE TABLE experiments (experiment_id INTEGER, creation_time BIGINT)")
        made.execute("INSERT INTO experiments VALUES (0, 1700000000000)")


def test_only_a_server_over_the_store_keeps_it_from_being_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another_website: str
) -> None:
    for number, port in enumerate((9, another_website.rpartition(":")[2])):
        monkeypatch.setenv("LATENTLENS_MLFLOW_PORT", str(port))
        make_database(store := tmp_path / str(number))
        assert reset(store)
        assert not store.exists()


def test_the_next_server_finds_everything_and_runs_that_were_left_open_are_killed_ones(tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    with tracking_server(store) as uri:
        client = MlflowClient(uri)
        ours, foreign = (client.create_experiment(name) for name in (EXPERIMENT, "somebody's own"))
        open_run, foreign_run = (client.create_run(experiment).info.run_id for experiment in (ours, foreign))
        finished = client.create_run(ours).info.run_id
        client.set_terminated(finished)
        assert rest.unfinished_runs(uri) == [open_run]
        (row,) = [row for row in examine(store, int(uri.rpartition(":")[2]), 9) if row.what == "unfinished runs"]
        assert (row.found, row.ok) == (open_run, False)
    with running_server(store) as uri:
        client = MlflowClient(uri)
        states = [client.get_run(run).info.status for run in (open_run, foreign_run, finished)]
        assert states == ["KILLED", "RUNNING", "FINISHED"]
        assert client.get_run(open_run).info.end_time
        assert client.get_experiment(ours).artifact_location.startswith("mlflow-artifacts:")
        assert rest.unfinished_runs(uri) == []


def test_a_server_that_cannot_start_is_said_with_its_last_words_and_frees_the_store(tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    store.mkdir()
    (store / "mlflow.db").write_text("no database, but long enough to be taken for one by its first page " * 100)
    with pytest.raises(LaunchError, match=r"MLflow ended with exit code .*mlflow\.log"), running_server(store):
        pass
    assert not in_use(store)
