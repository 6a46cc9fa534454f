"""What people see, at the width of their window, in a pipe, without colour."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from latentlens import terminal
from latentlens.recommenders.fitted import Recommendation
from latentlens.workflows.doctor import Finding

LONG = Recommendation(
    7, "The Penguin Who Lost the [Moon] and Went Home", ["Adventure", "Animation"], 1980, 4.9, 1234, 4.9
)
SHORT = Recommendation(12, "Tilly", [], None, 3.5, 8, 3.5)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], io.StringIO]:
    """A window of so many columns, and what it shows."""

    def make(width: int) -> io.StringIO:
        shown = io.StringIO()
        monkeypatch.setattr(terminal, "_out", Console(file=shown, width=width, highlight=False))
        return shown

    return make


def test_a_movie_is_one_line_however_narrow_the_window(window: Callable[[int], io.StringIO]) -> None:
    for width in (40, 60, 80, 200):
        shown = window(width)
        terminal.movies("For user 1", [LONG, SHORT], {"similarity": ["0.91", "0.50"]})
        lines = shown.getvalue().splitlines()
        assert len(lines) == 3
        assert max(len(line) for line in lines) <= width
        assert "4.90" in lines[1]
        assert "1,234" in lines[1]


def test_genres_give_way_to_titles_in_a_narrow_window(window: Callable[[int], io.StringIO]) -> None:
    narrow = window(60)
    terminal.movies("For user 1", [LONG], {})
    wide = window(120)
    terminal.movies("For user 1", [LONG], {})
    assert "Adventure" not in narrow.getvalue()
    assert "Adventure, Animation" in wide.getvalue()


def test_another_text_can_take_the_place_of_the_genres(window: Callable[[int], io.StringIO]) -> None:
    shown = window(120)
    terminal.movies("Similar to Tilly", [LONG], {}, {"alike on": ["Family; War"]})
    assert "Family; War" in shown.getvalue()
    assert "Adventure" not in shown.getvalue()


def test_brackets_in_a_title_are_no_markup(window: Callable[[int], io.StringIO]) -> None:
    shown = window(120)
    terminal.movies("For user 1", [LONG], {})
    assert LONG.title in shown.getvalue()


def test_what_is_to_be_copied_is_never_cut_short(window: Callable[[int], io.StringIO]) -> None:
    shown = window(40)
    address, mend = "http://127.0.0.1:54321", "latentlens up --mlflow-port 54321"
    terminal.findings([Finding(f"MLflow on {address}", "no answer", ok=False, mend=mend)])
    assert "…" not in shown.getvalue()
    letters = "".join(shown.getvalue().split())
    assert all(part in letters for part in ("54321", "latentlens", "--mlflow-port"))
