"""One page that a stranger can read, from this file alone."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.errors import UnknownId
from latentlens.explain.axes import Axes, describe
from latentlens.explain.features import MIN_RATINGS, Features
from latentlens.explain.movie_map import NARROW, WIDE, Size, place_labels
from latentlens.explain.report import report
from latentlens.ratings.catalogue import Catalogue
from latentlens.recommenders.fitted import FittedModel

from .support import model

N = 400
HOSTILE = "<script>alert('x')</script> & \"friends\""


def planted(n: int = N, k: int = 3, match: float = 1.0) -> tuple[FittedModel, Axes]:
    """Axis 0 is Comedy against War, axis 1 Drama against nothing; user 1 is fond of War, user 2 of nothing."""
    random = np.random.default_rng(0)
    traits = random.standard_normal((n, k))
    tastes = random.standard_normal((30, k))
    tastes[0], tastes[1] = (2, *[0] * (k - 1))[:k], 0
    genres: list[list[str]] = [[] for _ in range(n)]
    if k > 1:
        for i, (first, second) in enumerate(traits[:, :2].tolist()):
            genres[i] = [*(["War"] if first > 0.5 else ["Comedy"] if first < -0.5 else [])]
            genres[i] += ["Drama"] if second > 0.5 else []
    titles = [HOSTILE, *(f"Film {i}" for i in range(1, n))]
    movies = Catalogue.of(titles, [1990] * n, genres)
    made = model(tastes, traits, movies)
    return made, describe(made, Features.of(movies, made.factors.item_counts), np.full((5, min(k, 10)), match))


class Reader(HTMLParser):
    """Collects the text, and checks that every element is closed where it should be."""

    VOID = frozenset(("meta", "rect", "path", "br"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += " ".join(data.split()) + " "


def test_the_page_says_what_was_learned_and_names_the_poles() -> None:
    text = Reader(report(*planted(), source="invented")).text
    assert "The model has learned three steady axes of taste; two of them can be named." in text
    assert "Comedy ↔ War" in text
    assert "invented" in text
    assert text.count("Steady: found again in 5 of 5 refits") == 3


def test_the_page_needs_nothing_but_itself() -> None:
    page = report(*planted())
    reader = Reader(page)
    assert {tag for tag, _ in reader.elements} & {"script", "link", "img", "iframe", "a", "object"} == set()
    assert [word for word in ("http", "url(", "@import", "src=") if word in page] == []


def test_titles_are_text_never_markup() -> None:
    page = report(*planted())
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_noise_is_called_noise_and_no_map_invites_a_meaning() -> None:
    page = report(*planted(match=0.5))
    text = Reader(page).text
    assert "The axes of this model are noise: from other random numbers, none of them comes back." in text
    assert "<svg" not in page
    assert "War" not in text


def test_an_end_without_a_name_is_shown_by_an_example() -> None:
    made, axes = planted()
    assert axes.axes[2].name is None
    example = axes.axes[2].positive.movies[0].title
    assert f"like {example}" in Reader(report(made, axes)).text


def test_a_model_without_axes_says_so() -> None:
    assert "This model has no axes: it predicts without taste." in Reader(report(*planted(k=0))).text


def test_a_single_axis_has_a_card_and_no_map() -> None:
    page = report(*planted(k=1))
    assert "<svg" not in page
    assert "The model has learned one steady axis of taste" in Reader(page).text


def test_a_bar_points_to_the_end_that_the_person_prefers() -> None:
    made, axes = planted()
    page = report(made, axes, user_id=1)
    taste = page[page.index("The taste of user 1") :]
    bars = [(tag, attrs) for tag, attrs in Reader(taste[taste.index("<table") : taste.index("</table>") + 8]).elements]
    sides = [attrs["style"] for tag, attrs in bars if tag == "span" and "style" in attrs]
    # All of the right half on the first axis, towards War; nothing on the others.
    assert sides == ["left:50.0%;width:50.0%", "left:50.0%;width:0.0%", "left:50.0%;width:0.0%"]


def test_someone_without_a_taste_can_be_shown() -> None:
    assert "These axes hold 0% of the taste." in Reader(report(*planted(), user_id=2)).text


@pytest.mark.parametrize("user_id", [999, 31])
def test_an_unknown_user_is_refused_with_a_sentence(user_id: int) -> None:
    with pytest.raises(UnknownId, match=f"User {user_id} is not in the model: name a user"):
        report(*planted(), user_id=user_id)


def test_the_page_of_sixty_thousand_movies_is_light() -> None:
    made, axes = planted(n=60_000)
    assert made.factors.item_counts.min() >= MIN_RATINGS
    assert len(report(made, axes).encode()) < 400_000


def dots(n: int, seed: int, size: Size) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    frame = size.frame
    return random.uniform(frame.left, frame.right, n), random.uniform(frame.top, frame.bottom, n)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 120), st.integers(0, 10_000), st.sampled_from([WIDE, NARROW]))
def test_labels_never_overlap_and_stay_on_the_map(n: int, seed: int, size: Size) -> None:
    x, y = dots(n, seed, size)
    titles = ["x" * (1 + i % 30) for i in range(n)]
    labels = place_labels(x, y, titles, size)
    assert len(labels) <= size.n_labels
    assert len({label.dot for label in labels}) == len(labels)
    assert not any(one.box.overlaps(other.box) for one, other in combinations(labels, 2))
    assert all(label.box.within(size.frame) for label in labels)


def test_a_map_with_room_is_labelled() -> None:
    x, y = dots(100, 0, WIDE)
    assert len(place_labels(x, y, ["A film"] * 100, WIDE)) >= WIDE.n_labels / 2
