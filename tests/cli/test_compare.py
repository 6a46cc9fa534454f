"""`latentlens compare` as a person or a script meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from latentlens.cli.comparing import _fitting

Run = Callable[..., tuple[int, str, str]]
SLICE = ("--most-active-users", 120, "--most-rated-movies", 200)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--models", "ease,magic"), "There is no model 'magic': choose from tuned, svd,"),
        (("--metric", "magic"), "There is no metric 'magic': choose from ndcg,"),
        (("--models", "svd", "--k", 201), "k is 201, and 200 movies compete for a place: give 1 to 200."),
        (("--models", "svd", "--k", 0), "k is 0, and 200 movies compete"),
        (("--models", "svd", "--liked", 6), "lower what counts as liked"),
        (("--models", "svd", "--leave-last", 1, "--by-time"), "give one of them"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(run: Run, options: tuple[object, ...], words: str) -> None:
    code, out, err = run("compare", *SLICE, *options)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_the_answer_for_machines_and_the_page(run: Run, tmp_path: Path) -> None:
    html = tmp_path / "page.html"
    code, out, _ = run(
        "compare", *SLICE, "--models", "svd", "--store", tmp_path / "mlruns", "--html", html, "--json", "--k", 5
    )
    answer = json.loads(out)
    assert code == 0
    assert {model["model"] for model in answer["models"]} == {"svd", "popularity", "bias_only"}
    assert (answer["k"], answer["metric"], answer["n_users"] > 50) == (5, "ndcg", True)
    assert len(answer["run_id"]) == 32
    assert "nDCG@5" in html.read_text()


def test_the_answer_for_people_marks_the_best_and_tells_findings_below(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("compare", *SLICE, "--models", "svd", "--store", tmp_path / "mlruns")
    assert code == 0
    head, best, *_ = out.splitlines()
    assert head.split()[:2] == ["model", "nDCG@10"]
    assert best.split()[1].endswith("*")
    assert "LL002 no better than popularity\n" in out
    assert "liked is a rating of" in err
    assert "Run compare-demo: " in err


def test_a_narrow_window_keeps_what_matters_most(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"model": ["popularity"], "RMSE": ["[bold green]0.9000*[/]"], "MAE": ["0.8000 "]}
    for width, kept in ((17, ["model"]), (18, ["model", "RMSE"]), (26, ["model", "RMSE", "MAE"])):
        monkeypatch.setattr("latentlens.terminal.width", lambda width=width: width)
        assert list(_fitting(columns, ["model", "RMSE"])) == kept
