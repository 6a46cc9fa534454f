"""One server over one store: started, found, refused."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from latentlens.errors import LaunchError, TrackingError
from latentlens.tracking.rest import answers
from latentlens.tracking.server import running_server, tracking_server
from latentlens.tracking.store import in_use

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
        MlflowClient(uri).create_experiment("kept")
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
    with tracking_server(store) as uri:
        found = MlflowClient(uri).get_experiment_by_name("kept")
    assert found is not None
    assert found.artifact_location.startswith("mlflow-artifacts:")


def test_a_shared_server_is_found_through_its_store_and_on_the_usual_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = tmp_path / "mlruns", tmp_path / "other"
    with running_server(store, shared=True) as uri:
        with tracking_server(store) as found:
            assert found == uri
        monkeypatch.setenv("LATENTLENS_MLFLOW_PORT", uri.rpartition(":")[2])
        with tracking_server(other) as found:
            assert found == uri
        # Who only borrows a server does not stop it.
        assert answers(uri)
    assert not other.exists()
    assert not answers(uri)
    assert not in_use(store)


def test_a_server_that_cannot_start_is_said_with_its_last_words_and_frees_the_store(tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    store.mkdir()
    (store / "mlflow.db").write_text("no database, but long enough to be taken for one by its first page " * 100)
    with pytest.raises(LaunchError, match=r"MLflow ended with exit code .*mlflow\.log"), running_server(store):
        pass
    assert not in_use(store)
