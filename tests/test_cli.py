"""The command line as people and scripts meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from latentlens.tracking.server import running_server

COMMANDS = ["up", "train", "data", "recommend", "similar", "explain", "factors", "serve", "promote", "reset", "doctor"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with a server over it that every command finds, as `up` leaves it."""
    folder = tmp_path_factory.mktemp("cli") / "mlruns"
    with running_server(folder, shared=True):
        yield folder


@pytest.fixture(scope="module")
def trained(store: Path) -> dict[str, Any]:
    """What `train --json` printed, in a process of its own."""
    command = [sys.executable, "-m", "latentlens", "train", "--n-epochs", "3", "--store", str(store), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom latentlens.cli import main\nsys.argv = ['latentlens', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'numba', 'mlflow', 'polars', 'pandas', 'fastapi') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage" in out


def test_train_reports_the_experiment_as_json(trained: dict[str, Any]) -> None:
    assert trained["rmse"] > trained["mae"] > 0
    assert trained["model_version"] == 1
    assert {"bias_rmse", "run_id", "fit_seconds"} <= trained.keys()


def test_train_says_what_was_read_and_shows_bias_only_beside(run: Run, store: Path, trained: dict[str, Any]) -> None:
    code, out, err = run("train", "--n-epochs", 1, "--n-factors", 4, "--most-active-users", 300, "--store", store)
    assert code == 0, err
    assert "kept: 300 most active users" in err
    assert "random, test_size=0.2, seed=42" in err
    assert "bias-only" in out
    assert "Registered: latentlens version" in out


@pytest.mark.parametrize("choices", [("--by-time", "--leave-last", 1), ("--by-time", "--test-file", "u1.test")])
def test_two_test_sides_are_refused(run: Run, choices: tuple[object, ...]) -> None:
    code, out, err = run("train", *choices)
    assert (code, out) == (2, "")
    assert "each choose the test side: give one of them" in " ".join(err.split())


def test_train_if_empty_leaves_a_filled_registry_alone(run: Run, store: Path, trained: dict[str, Any]) -> None:
    code, out, err = run("train", "--if-empty", "--store", store)
    assert (code, out) == (0, "")
    assert "nothing to train" in err


def test_recommend_lists_movies_for_machines_and_people(run: Run, store: Path, trained: dict[str, Any]) -> None:
    code, out, _ = run("recommend", 1, "-n", 5, "--store", store, "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["user_id"], answer["strategy"], len(answer["recommendations"])) == (1, "personal", 5)
    code, out, _ = run("recommend", 1, "-n", 5, "--store", store)
    assert code == 0
    assert all(row["title"].split()[0] in out for row in answer["recommendations"])


def test_recommend_writes_the_lists_of_all_users(
    run: Run, store: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "lists.parquet"
    code, said, _ = run("recommend", "--all", "--out", out, "-n", 3, "--store", store)
    assert code == 0
    lists = pl.read_parquet(out)
    assert f"the lists of {lists['user_id'].n_unique():,} users" in said
    answer = json.loads(run("recommend", 1, "-n", 3, "--store", store, "--json")[1])
    assert lists.filter(user_id=1)["movie_id"].to_list() == [row["movie_id"] for row in answer["recommendations"]]
    _, said, _ = run("recommend", "--all", "--out", out, "--store", store, "--json")
    assert json.loads(said) == {
        "model_version": answer["model_version"],
        "users": lists["user_id"].n_unique(),
        "file": str(out),
    }


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--all",),
        ("--out", "lists.parquet"),
        (1, "--all", "--out", "lists.parquet"),
        ("--all", "--out", "lists.parquet", "--explain"),
        ("--all", "--out", "lists.parquet", "--steer", "1=1"),
    ],
)
def test_recommend_is_asked_for_one_user_or_for_all(run: Run, options: tuple[Any, ...]) -> None:
    code, _, err = run("recommend", *options)
    assert code == 2
    assert "Give a user id; or, for every user's list, --all --out FILE.parquet" in err


def test_recommend_says_that_an_unknown_user_gets_the_popular_list(
    run: Run, store: Path, trained: dict[str, Any]
) -> None:
    _, out, _ = run("recommend", 999_999, "--store", store, "--json")
    assert json.loads(out)["strategy"] == "popular"


def test_an_id_of_the_wrong_type_is_an_error(run: Run, store: Path, trained: dict[str, Any]) -> None:
    code, out, err = run("recommend", "abc", "--store", store)
    assert (code, out) == (2, "")
    assert err.strip() == "Error: 'abc' is not a whole number of 64 bits, as the ids of this data are."


def test_similar_lists_movies_with_their_cosine(run: Run, store: Path, trained: dict[str, Any]) -> None:
    code, out, _ = run("similar", 1, "-n", 3, "--store", store, "--json")
    cosines = [row["similarity"] for row in json.loads(out)["similar"]]
    assert code == 0
    assert cosines == sorted(cosines, reverse=True)
    assert len(cosines) == 3


def test_promote_chooses_the_served_version_and_gives_the_choice_back(
    run: Run, store: Path, trained: dict[str, Any]
) -> None:
    run("train", "--n-epochs", 1, "--n-factors", 4, "--most-active-users", 300, "--store", store)
    _, out, _ = run("promote", 1, "--store", store, "--json")
    promoted = json.loads(out)
    assert (promoted["number"], promoted["is_champion"]) == (1, True)
    assert promoted["newest"] > 1
    _, out, _ = run("promote", "--newest", "--store", store, "--json")
    given_back = json.loads(out)
    assert (given_back["number"], given_back["newest"]) == (promoted["newest"], promoted["newest"])
    assert not given_back["is_champion"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("promote",), "Say which version to promote"),
        (("promote", 99), "Version 99 of latentlens is not registered"),
        (("train", "--data", "nowhere"), "nowhere"),
        (("train", "--test-size", 1.5), "test_size is 1.5"),
        (("train", "--n-factors", 0), "n_factors is 0"),
        (("train", "--tracking-uri", "http://127.0.0.1:9"), "No MLflow server answers at http://127.0.0.1:9"),
        (("reset", "--yes"), "A server is running over"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    run: Run, store: Path, trained: dict[str, Any], arguments: tuple[object, ...], sentence: str
) -> None:
    code, out, err = run(*arguments, "--store", store)
    assert (code, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err


def test_doctor_says_what_to_mend(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("doctor", "--store", tmp_path / "none", "--mlflow-port", 9, "--api-port", 9, "--json")
    findings = {row["what"]: row for row in json.loads(out)}
    assert code == 0
    assert findings["numpy"]["ok"]
    assert findings["MLflow on http://127.0.0.1:9"]["mend"] == "latentlens up"
    assert findings[f"store {tmp_path / 'none'}"]["mend"] == "latentlens train"


def test_reset_removes_a_store_and_nothing_else(run: Run, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("do not lose this")
    code, _, err = run("reset", "--yes", "--store", foreign)
    assert code == 2
    assert "no LatentLens store" in err
    ours = tmp_path / "mlruns"
    ours.mkdir()
    (ours / "mlflow.db").touch()
    assert run("reset", "--yes", "--store", ours)[0] == 0
    assert not ours.exists()
    assert foreign.exists()


def test_any_table_goes_all_the_way_with_its_text_ids_and_what_was_dropped(
    run: Run, store: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    rows = [f"reader{user}\tbook{book}\t{1 + (user * book) % 10}" for user in range(20) for book in range(15)]
    books = tmp_path / "books.tsv"
    books.write_text("\n".join(["who\twhat\tstars", *rows, rows[0], ""]))
    (tmp_path / "titles.csv").write_text("what,title,genres,year\nbook3,Emma,Novel,1815\n")
    columns = ("--user-col", "who", "--item-col", "what", "--rating-col", "stars", "--rating-scale", 0, 10)
    code, _, err = run(
        "train", "--data", books, *columns, "--catalogue", tmp_path / "titles.csv",
        "--n-epochs", 2, "--n-factors", 4, "--store", store,
    )  # fmt: skip
    assert code == 0, err
    assert "1  dropped: (user, movie) rated again later, the latest kept" in err
    assert "14  rated movies that the catalogue lacks, named by their id" in err
    code, out, _ = run("similar", "book3", "-n", 14, "--store", store, "--json")
    assert code == 0
    assert {row["movie_id"] for row in json.loads(out)["similar"]} == {f"book{n}" for n in range(15) if n != 3}
    code, out, _ = run("recommend", "nobody", "-n", 20, "--store", store, "--json")
    listed = {row["movie_id"]: row for row in json.loads(out)["recommendations"]}
    assert (listed["book3"]["title"], listed["book3"]["year"]) == ("Emma", 1815)
    assert all(0 <= row["predicted_rating"] <= 10 for row in listed.values())
