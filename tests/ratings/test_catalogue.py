from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.ratings.catalogue import UNKNOWN_YEAR, Catalogue, split_title


@pytest.fixture
def movies() -> Catalogue:
    return Catalogue.of(
        ["Alien", "Heat", "Undated"],
        [1979, 1995, UNKNOWN_YEAR],
        [["Sci-Fi", "Horror"], ["Crime"], ["Horror"]],
    )


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Toy Story (1995) ", "Toy Story", 1995),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("City, The (Cité, La) (1995)", "City, The (Cité, La)", 1995),
        (" Babylon 5", "Babylon 5", UNKNOWN_YEAR),
        ("Serial (2006–2007)", "Serial (2006–2007)", UNKNOWN_YEAR),
        ("(1995)", "(1995)", UNKNOWN_YEAR),
        ("", "", UNKNOWN_YEAR),
    ],
)
def test_the_year_is_split_from_the_title(written: str, title: str, year: int) -> None:
    assert split_title(written) == (title, year)


@given(st.text().filter(lambda text: text == text.strip() != ""), st.integers(1000, 9999))
def test_a_title_and_its_year_come_back(title: str, year: int) -> None:
    # A line break inside a title is the one thing that the pattern does not span.
    expected = (title, year) if "\n" not in title else (f"{title} ({year})", UNKNOWN_YEAR)
    assert split_title(f"{title} ({year})") == expected


def test_genres_are_sorted_and_those_of_a_movie_found(movies: Catalogue) -> None:
    assert len(movies) == 3
    assert movies.genre_names == ("Crime", "Horror", "Sci-Fi")
    assert movies.genres.tolist() == [[False, True, True], [True, False, False], [False, True, False]]
    assert movies.genres_of(0) == ["Horror", "Sci-Fi"]


def test_an_unknown_year_is_none(movies: Catalogue) -> None:
    assert [movies.year_of(item) for item in range(3)] == [1979, 1995, None]


@pytest.mark.parametrize(
    ("genre", "year_from", "year_to", "expected"),
    [
        (None, None, None, [True, True, True]),
        ("horror", None, None, [True, False, True]),
        ("Western", None, None, [False, False, False]),
        (None, 1979, 1979, [True, False, False]),
        (None, None, 1995, [True, True, False]),
        (None, 1980, None, [False, True, False]),
        ("Horror", 1900, None, [True, False, False]),
    ],
)
def test_movies_match_by_genre_and_years(
    movies: Catalogue, genre: str | None, year_from: int | None, year_to: int | None, expected: list[bool]
) -> None:
    assert movies.matching(genre=genre, year_from=year_from, year_to=year_to).tolist() == expected


def test_without_a_catalogue_movies_are_named_by_their_id() -> None:
    movies = Catalogue.untitled([7, "tt1"])
    assert movies.titles == ("Movie 7", "Movie tt1")
    assert movies.year_of(0) is None
    assert movies.genres_of(1) == []
    assert movies.matching(genre="Drama").tolist() == [False, False]
