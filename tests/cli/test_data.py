"""`latentlens data`, and what describes a table on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]
INFO = (sys.executable, "-m", "latentlens", "data", "info")
BAR, ASCII_BAR = "\u2501", "-"


def table_of(path: Path) -> Path:
    path.write_text("who,what,stars\nann,b1,1\nann,b2,7\nbob,b1,10\nbob,b1,10\n\n")
    return path


def test_info_counts_what_a_source_holds_for_machines(run: Run, tmp_path: Path) -> None:
    source = table_of(tmp_path / "books.csv")
    columns = ("--user-col", "who", "--item-col", "what", "--rating-col", "stars")
    code, out, _ = run("data", "info", source, *columns, "--rating-scale", 1, 10, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["n_ratings"], found["n_users"], found["n_movies"], found["density"]) == (3, 2, 2, 0.75)
    assert (found["scale"], found["user_ids"], found["first"]) == ([1.0, 10.0], "text", None)
    assert found["per_user"] == {"minimum": 1, "median": 1.5, "maximum": 2}
    assert found["histogram"][-1] == {"low": 10.0, "high": 10.0, "count": 1}
    assert found["steps"] == [
        {"what": "dropped: lines without a value", "rows": 1},
        {"what": "read", "rows": 4},
        {"what": "dropped: (user, movie) rated again later, the latest kept", "rows": 1},
    ]


def shown(arguments: Sequence[object], **environment: str) -> str:
    """What a command prints into a pipe."""
    command = [*INFO, *map(str, arguments)]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(command, env=env, capture_output=True, check=True).stdout.decode()


def test_info_draws_into_a_pipe_of_any_width_without_colours() -> None:
    for width in (100, 40):
        page = shown(["demo"], COLUMNS=str(width))
        bars = [line.count(BAR) for line in page.splitlines() if BAR in line]
        assert len(bars) == 10
        assert max(len(line.rstrip()) for line in page.splitlines() if BAR in line) <= width
        # Most gave three and a half stars.
        assert bars[6] == max(bars)
        assert "\x1b" not in page
        assert "97,517" in page


def test_info_draws_where_only_ascii_can_be_written() -> None:
    page = shown(["demo"], PYTHONIOENCODING="ascii")
    assert page.isascii()
    assert ASCII_BAR * 20 in page


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_info_has_colours_in_a_terminal_unless_told_not_to(no_color: str) -> None:
    ours, theirs = os.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": no_color, "COLUMNS": "60"}
    with subprocess.Popen([*INFO, "demo"], stdout=theirs, env=env) as process:
        os.close(theirs)
        page = b""
        # A terminal whose other side has closed reads as an error.
        try:
            while piece := os.read(ours, 1 << 16):
                page += piece
        except OSError:
            pass
        finally:
            os.close(ours)
    assert process.returncode == 0
    assert BAR in page.decode()
    assert (b"\x1b[" in page) is not bool(no_color)


@pytest.mark.parametrize("command", [("data", "info"), ("train", "--data")])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"userId,movieId,rating\n1,7,4\n1,8,x\n", "ratings.csv, line 3, column rating: 'x' is not a number"),
        (b"userId,rating\n1,7\n", "no column movieId among userId, rating; say what it is called with --item-col"),
        (b"", "ratings.csv is empty"),
        (b"PK\x05\x06" + bytes(18), "ratings.csv holds no ratings.csv"),
        (b"PK\x03\x04", "no column userId"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, command: tuple[str, str], content: bytes, sentence: str
) -> None:
    (tmp_path / "ratings.csv").write_bytes(content)
    code, out, err = run(*command, tmp_path / "ratings.csv")
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert sentence in err


def test_a_scale_that_is_none_is_refused(run: Run) -> None:
    code, _, err = run("data", "info", "demo", "--rating-scale", 5, 1)
    assert code == 2
    assert err.strip() == "Error: The rating scale 5 to 1 is none: give the lowest, then the highest."


def test_fetch_lists_the_names_that_there_are(run: Run) -> None:
    code, out, err = run("data", "fetch", "netflix")
    assert (code, out) == (2, "")
    assert "the names are ml-latest-small, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m, ml-32m." in err


def test_up_hands_what_describes_the_table_on_to_train(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    monkeypatch.setattr("latentlens.launch.up.up", lambda *arguments: handed.append(arguments[2]))
    table = ["--user-col", "who", "--timestamp-col", "", "--rating-scale", "1.0", "10.0", "--catalogue", "titles.csv"]
    assert run("up", "--data", "books.csv", *table)[0] == 0
    assert handed == [["--data", "books.csv", "--preset", "tuned", *table]]
