"""`explain`, `factors`, and the why of `recommend` and `similar`, over a trained model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from latentlens import terminal
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import Recommender
from latentlens.recommenders.presets import PRESETS
from latentlens.tracking.registry import Registry
from latentlens.tracking.server import running_server
from latentlens.workflows.consult import open_model
from latentlens.workflows.prepare import prepare
from latentlens.workflows.train import train

Run = Callable[..., tuple[int, str, str]]
Ask = Callable[..., Any]
USER = 1


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with three models: the preset tuned as champion, bias-only, and trained vectors without axes."""
    with running_server(tmp_path_factory.mktemp("why") / "mlruns") as address:
        split = prepare("demo", most_active_users=400)
        tuned = replace(PRESETS["tuned"], n_factors=8)
        models: list[Recommender] = [tuned, BiasOnly(), replace(tuned, n_epochs=1, user_step_reg=None)]
        for n_refits, recommender in zip((2, 0, 0), models, strict=True):
            train(split.train, split.test, recommender, run_name="why", tracking_uri=address, axis_refits=n_refits)
        Registry(address).promote(1)
        yield address


@pytest.fixture
def ask(run: Run, uri: str, tmp_path: Path) -> Ask:
    """The answer of a command, from JSON."""

    def answer(*arguments: object) -> Any:
        code, out, err = run(*arguments, "--tracking-uri", uri, "--store", tmp_path, "--json")
        assert code == 0, err
        return json.loads(out)

    return answer


@pytest.fixture
def see(run: Run, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a person sees of a command's answer in a very wide window."""
    monkeypatch.setattr(terminal, "_out", Console(width=1000, highlight=False))

    def shown(*arguments: object) -> str:
        code, out, err = run(*arguments, "--tracking-uri", uri, "--store", tmp_path)
        assert code == 0, err
        return out

    return shown


def test_in_python_an_opened_model_explains_itself(ask: Ask, uri: str, tmp_path: Path) -> None:
    opened = open_model(uri, tmp_path)
    movie = opened.model.recommend(USER, 1)[0].movie_id
    found = opened.explain(USER, movie, 2)
    told = ask("explain", USER, movie)
    assert (found.score, found.title) == (told["score"], told["title"])
    assert [reason.movie_id for reason in found.reasons_for] == [one["movie_id"] for one in told["reasons_for"][:2]]


def test_an_explanation_adds_up_and_its_rank_is_the_place_in_the_list(ask: Ask) -> None:
    listed = [row["movie_id"] for row in ask("recommend", USER, "-n", 3)["recommendations"]]
    for place, movie in enumerate(listed, start=1):
        found = ask("explain", USER, movie, "--without", "--reasons", 2)
        parts = found["global_mean"] + found["user_bias"] + found["movie_bias"] + found["other_axes"]
        assert parts + sum(share["stars"] for share in found["axes"]) == pytest.approx(found["score"], abs=1e-6)
        told = [*found["reasons_for"], *found["reasons_against"]]
        personal = found["score"] - found["global_mean"] - found["movie_bias"]
        assert sum(one["stars"] for one in told) + found["other_ratings"] == pytest.approx(personal, abs=1e-6)
        assert found["rank"] == place
        assert [one["movie_id"] for one in found["without"]] == [one["movie_id"] for one in told]


def test_without_the_option_no_rank_is_told(ask: Ask) -> None:
    found = ask("explain", USER, 1)
    assert (found["rank"], found["without"]) == (None, None)
    assert len(found["reasons_for"]) == 5


def test_people_see_sentences_parts_reasons_and_what_would_be(ask: Ask, see: Callable[..., str]) -> None:
    movie = ask("recommend", USER, "-n", 1)["recommendations"][0]["movie_id"]
    found, page = ask("explain", USER, movie, "--without"), see("explain", USER, movie, "--without")
    assert page.startswith(found["text"])
    assert "average of all ratings" in page
    strongest = found["axes"][0]
    assert f"(axis {strongest['axis']})" in page
    assert all(one["title"] in page for one in found["reasons_for"])
    assert f"{found['n_ratings'] - 10} other ratings" in page
    assert "It has rank 1 in this user's list." in page
    assert found["without"][0]["text"] in page


def test_a_rated_movie_says_so(ask: Ask, see: Callable[..., str]) -> None:
    rated = ask("explain", USER, 1)["reasons_for"][0]
    page = see("explain", USER, rated["movie_id"], "--without")
    assert f"given: {rated['rating']:g}" in page
    assert "Lists leave out what was rated; otherwise it would have rank" in page


def test_factors_lists_the_axes_and_a_taste(ask: Ask, see: Callable[..., str]) -> None:
    found, page = ask("factors", "--user", USER), see("factors", "--user", USER)
    named = [axis for axis in found["axes"] if axis["name"]]
    assert len(named) >= 3
    for axis in named:
        assert axis["negative"] in page
        assert axis["positive"] in page
    assert [one["axis"] for one in found["taste"]] == [
        axis["axis"] for axis in found["axes"] if "steady" in axis["confidence"]
    ]
    assert all(one["prefers"] in page for one in found["taste"])
    assert "taste" not in ask("factors")


def test_factors_writes_the_report(see: Callable[..., str], tmp_path: Path) -> None:
    see("factors", "--report", tmp_path / "dna.html", "--user", 2)
    page = (tmp_path / "dna.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "The taste of user 2" in page


def test_a_list_is_explained_by_its_own_reasons(ask: Ask, see: Callable[..., str]) -> None:
    rows = ask("recommend", USER, "-n", 3, "--explain")["recommendations"]
    for row in rows:
        alone = ask("explain", USER, row["movie_id"], "--reasons", 3)["place"]["reasons_for"]
        assert [one["movie_id"] for one in row["reasons"]] == [one["movie_id"] for one in alone]
    page = see("recommend", USER, "-n", 3, "--explain")
    assert all(f"because you gave {row['reasons'][0]['title']}" in page for row in rows)


def test_a_list_is_steered_by_an_axis_or_a_word_and_says_what_moved(ask: Ask, see: Callable[..., str]) -> None:
    axis = next(axis for axis in ask("factors")["axes"] if axis["name"])
    before = ask("recommend", USER, "-n", 100)["recommendations"]
    steered = ask("recommend", USER, "-n", 20, "--steer", f"{axis['axis']}=+2")["recommendations"]
    places = {row["movie_id"]: place for place, row in enumerate(before, start=1)}
    for row in steered:
        assert [one["axis"] for one in row["moved"]] == [axis["axis"]]
        assert row["rank_before"] == places.get(row["movie_id"], row["rank_before"])
    assert [row["rank_before"] for row in steered] != list(range(1, 21))
    # Towards the positive end is away from the negative one.
    word = axis["positive"].split(", ")[0] if axis["name"].split(" ↔ ")[1] != "unnamed" else str(axis["axis"])
    assert ask("recommend", USER, "-n", 20, "--steer", f"{word.upper()}=2")["recommendations"] == steered
    assert "rank before" in see("recommend", USER, "--steer", f"{axis['axis']}=2")


def test_opposite_offsets_change_nothing(ask: Ask) -> None:
    steered = ask("recommend", USER, "--steer", "1=1", "--steer", "1=-1")["recommendations"]
    plain = ask("recommend", USER)["recommendations"]
    assert [row["movie_id"] for row in steered] == [row["movie_id"] for row in plain]
    assert [row["rank_before"] for row in steered] == list(range(1, 11))


def test_similar_movies_say_on_which_named_axes_they_are_alike(ask: Ask, see: Callable[..., str]) -> None:
    movie = ask("recommend", USER, "-n", 1)["recommendations"][0]["movie_id"]
    rows = ask("similar", movie, "-n", 5)["similar"]
    ends = {end for axis in ask("factors")["axes"] for end in (axis["negative"], axis["positive"])}
    assert any(row["alike"] for row in rows)
    assert {one["end"] for row in rows for one in row["alike"]} <= ends
    assert "alike on" in see("similar", movie)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explain", 999_999, 1), "User 999999 has no ratings in the model: choose a user that it was trained on."),
        (("explain", USER, 999_999), "Movie 999999 is not in the model, or nobody rated it: choose another movie."),
        (("explain", "me", 1), "'me' is not a whole number"),
        (("explain", USER, "x"), "'x' is not a whole number"),
        (("factors", "--user", 999_999), "User 999999 has no ratings in the model"),
        (
            ("factors", "--report", "/nowhere/at/all.html"),
            "all.html cannot be written (No such file or directory)",
        ),
        (("recommend", 999_999, "--explain"), "User 999999 has no ratings in the model"),
        (("recommend", 999_999, "--steer", "1=1"), "User 999999 has no ratings in the model"),
        (("recommend", USER, "--steer", "9=1"), "There is no axis 9: this model has the axes 1 to 8."),
        (("recommend", USER, "--steer", "0=1"), "There is no axis 0: this model has the axes 1 to 8."),
        (("recommend", USER, "--steer", "1=4"), "The offset 4 on axis 1 is out of bounds: give -3 to 3"),
        (("recommend", USER, "--steer", "1=2", "--steer", "1=2"), "The offset 4 on axis 1 is out of bounds"),
        (("recommend", USER, "--steer", "1=inf"), "The offset inf on axis 1 is out of bounds"),
        (("recommend", USER, "--steer", "1"), "--steer '1' is not an axis and an offset: write 3=+1.5, or war=1."),
        (("recommend", USER, "--steer", "=1"), "--steer '=1' is not an axis and an offset"),
        (("recommend", USER, "--steer", "1=nan"), "--steer '1=nan' is not an axis and an offset"),
        (("recommend", USER, "--steer", "boredom=1"), "No end of an axis is called 'boredom': give the number of an"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    run: Run, uri: str, tmp_path: Path, arguments: tuple[object, ...], sentence: str
) -> None:
    code, out, err = run(*arguments, "--tracking-uri", uri, "--store", tmp_path)
    assert (code, out) == (2, "")
    assert sentence in err.splitlines()[-1]


@pytest.fixture(params=[2, 3], ids=["bias-only", "trained-vectors"])
def other(request: pytest.FixtureRequest, uri: str) -> Iterator[int]:
    """The version of a model that has neither axes nor reasons, while it is served."""
    Registry(uri).promote(request.param)
    yield request.param
    Registry(uri).promote(1)


def test_a_model_without_axes_or_reasons_says_so_and_recommends_on(
    run: Run, ask: Ask, see: Callable[..., str], other: int, uri: str, tmp_path: Path
) -> None:
    for arguments, sentence in (
        (("explain", USER, 1), "train with the preset tuned to have reasons"),
        (("recommend", USER, "--explain"), "train with the preset tuned to have reasons"),
        (("factors",), f"No axis of model version {other}"),
        (("recommend", USER, "--steer", "war=1"), "No end of an axis is called 'war': give the number of an axis."),
    ):
        code, out, err = run(*arguments, "--tracking-uri", uri, "--store", tmp_path)
        assert (code, out) == (2, ""), arguments
        assert sentence in err.splitlines()[-1]
    assert len(ask("recommend", USER)["recommendations"]) == 10
    if other == 3:
        assert ask("recommend", USER, "--steer", "1=1")["recommendations"][0]["moved"][0]["axis"] == 1
        assert all(row["alike"] == [] for row in ask("similar", 1)["similar"])
        assert "alike" not in see("similar", 1)
