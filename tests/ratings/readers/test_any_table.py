"""Tables that are not MovieLens': other columns, other formats, other scales, a catalogue of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.readers import read
from latentlens.ratings.readers.format import Format
from latentlens.ratings.table import Note, Ratings

Table = Mapping[str, Any]
BOOKS = Format(user_col="reader", item_col="book", rating_col="stars", timestamp_col="read_on")
TABLE: Table = {
    "stars": [7, 10, 3],
    "note": ["fine", "so, so", 'a "must"'],
    "reader": ["ann", "bob", "ann"],
    "book": ["b2", "b1", "b1"],
    "read_on": [300, 200, 100],
}
SEPARATORS = {"csv": ",", "tsv": "\t"}


def written(path: Path, table: Table) -> Path:
    frame = pl.DataFrame(table)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator=SEPARATORS[path.suffix[1:]])
    return path


def read_table(path: Path, table: Table, form: Format = BOOKS) -> Ratings:
    return read(str(written(path, table)), form)


def rows_of(ratings: Ratings) -> list[tuple[Any, Any, float]]:
    users = ratings.user_ids.values[ratings.user_index].tolist()
    movies = ratings.item_ids.values[ratings.item_index].tolist()
    return list(zip(users, movies, ratings.rating.tolist(), strict=True))


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_table_of_any_columns_is_read_in_every_format(tmp_path: Path, ending: str) -> None:
    ratings = read_table(tmp_path / f"books.{ending}", TABLE)
    assert rows_of(ratings) == [("ann", "b2", 7.0), ("bob", "b1", 10.0), ("ann", "b1", 3.0)]
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [300, 200, 100]
    assert ratings.catalogue.titles == ("Movie b1", "Movie b2")
    assert ratings.origin.name == f"books.{ending}"


def test_the_format_shows_in_the_content_not_in_the_name(tmp_path: Path) -> None:
    for ending in ("csv", "tsv", "parquet"):
        source = written(tmp_path / f"books.{ending}", TABLE).rename(tmp_path / f"{ending}.bin")
        assert len(read(str(source), BOOKS)) == 3


def test_a_scale_that_is_not_given_is_read_off_the_ratings_and_noted(tmp_path: Path) -> None:
    ratings = read_table(tmp_path / "books.csv", TABLE)
    assert ratings.scale == (3.0, 10.0)
    note = Note("scale 3 to 10, the lowest and the highest rating read", 3)
    assert ratings.origin.notes == (note, Note("read", 3))


def test_a_given_scale_holds_for_any_table(tmp_path: Path) -> None:
    ratings = read_table(tmp_path / "books.csv", TABLE, Format("reader", "book", "stars", rating_scale=(1, 10)))
    assert ratings.scale == (1.0, 10.0)
    assert ratings.origin.notes == (Note("read", 3),)
    assert ratings.timestamp is None
    table = {"userId": [1], "movieId": [2], "rating": [100]}
    assert read_table(tmp_path / "ratings.csv", table, Format(rating_scale=(0, 100))).scale == (0.0, 100.0)


@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_movielens_names_mean_movielens_scale_and_catalogue_in_every_format(tmp_path: Path, ending: str) -> None:
    table = {"userId": [1, 2], "movieId": [7, 7], "rating": [4.0, 5.0], "timestamp": [1, 2]}
    written(tmp_path / f"ratings.{ending}", table)
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n7,Heat (1995),Crime\n")
    ratings = read(str(tmp_path))
    assert ratings.scale == (0.5, 5.0)
    assert ratings.catalogue.titles == ("Heat",)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_catalogue_of_ones_own_names_the_movies(tmp_path: Path, ending: str) -> None:
    catalogue = {
        "title": ["Emma", "Persuasion (1817)", "Ulysses"],
        "year": [1815, None, 1922],
        "book": ["b1", "b2", "b3"],
        "genres": ["novel|comedy", "novel", ""],
    }
    form = Format("reader", "book", "stars", catalogue=written(tmp_path / f"titles.{ending}", catalogue))
    ratings = read_table(tmp_path / "books.csv", TABLE, form)
    assert ratings.catalogue.titles == ("Emma", "Persuasion", "Ulysses")
    assert ratings.catalogue.years.tolist() == [1815, 1817, 1922]
    assert [ratings.catalogue.genres_of(item) for item in range(3)] == [["comedy", "novel"], ["novel"], []]
    assert ratings.item_counts.tolist() == [2, 1, 0]


def test_a_catalogue_may_have_movielens_name_of_the_id_and_no_more_than_titles(tmp_path: Path) -> None:
    (tmp_path / "titles.csv").write_text("movieId,title\nb1,Emma\n")
    form = Format("reader", "book", "stars", catalogue=tmp_path / "titles.csv")
    ratings = read_table(tmp_path / "books.csv", TABLE, form)
    assert ratings.catalogue.titles == ("Emma", "Movie b2")
    assert Note("rated movies that the catalogue lacks, named by their id", 1) in ratings.origin.notes


def test_a_catalogue_in_parquet_may_list_its_genres(tmp_path: Path) -> None:
    catalogue = {"movieId": [1], "title": ["Heat"], "genres": [["Crime", "Drama"]], "year": [1995.0]}
    form = Format(catalogue=written(tmp_path / "titles.parquet", catalogue))
    ratings = read_table(tmp_path / "r.csv", {"userId": [1], "movieId": [1], "rating": [4]}, form)
    assert ratings.catalogue.genres_of(0) == ["Crime", "Drama"]
    assert ratings.catalogue.year_of(0) == 1995


def test_the_catalogue_counts_in_the_digest(tmp_path: Path) -> None:
    digests = set()
    for title in ("Emma", "Emmy"):
        (tmp_path / "titles.csv").write_text(f"book,title\nb1,{title}\n")
        form = Format("reader", "book", "stars", catalogue=tmp_path / "titles.csv")
        digests.add(read_table(tmp_path / "books.csv", TABLE, form).origin.sha256)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("dates", "seconds"),
    [
        (["2015-03-01", "2015-03-02", "1970-01-01"], [1425168000, 1425254400, 0]),
        (["2015-03-01 10:00:00", "2015-03-01 10:00:01", "2015-03-01 10:00:02"], [1425204000, 1425204001, 1425204002]),
        (["2015-03-01T10:00:00Z"] * 3, [1425204000] * 3),
        ([datetime(2015, 3, 1, 10, tzinfo=UTC)] * 3, [1425204000] * 3),
        ([datetime(2015, 3, 1, 10).date()] * 3, [1425168000] * 3),
        ([1425204000.0] * 3, [1425204000] * 3),
    ],
)
def test_dates_become_seconds(tmp_path: Path, dates: list[Any], seconds: list[int]) -> None:
    ratings = read_table(tmp_path / "books.parquet", {**TABLE, "read_on": dates})
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == seconds


def test_an_empty_name_goes_without_timestamps(tmp_path: Path) -> None:
    table = {"userId": [1], "movieId": [2], "rating": [4], "timestamp": ["long ago"]}
    assert read_table(tmp_path / "r.csv", table, Format(timestamp_col="")).timestamp is None
    (tmp_path / "u.data").write_bytes(b"1\t2\t4\t-1\n")
    assert read(str(tmp_path / "u.data"), Format(timestamp_col="")).timestamp is None


@pytest.mark.parametrize(
    ("ids", "values"),
    [
        (pl.Series([3, 1], dtype=pl.UInt8), [3, 1]),
        (pl.Series([3.0, 1.0]), [3, 1]),
        (pl.Series(["3", "1"]), [3, 1]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
        (pl.Series([2**63, 2**63 + 1], dtype=pl.UInt64), [str(2**63), str(2**63 + 1)]),
    ],
)
def test_ids_of_every_type_are_whole_numbers_or_text(tmp_path: Path, ids: pl.Series, values: list[Any]) -> None:
    pl.DataFrame({"userId": ids, "movieId": [1, 2], "rating": [4, 5]}).write_parquet(tmp_path / "r.parquet")
    ratings = read(str(tmp_path / "r.parquet"))
    assert ratings.user_ids.values[ratings.user_index].tolist() == values


def test_a_row_without_any_value_is_dropped_from_parquet_too(tmp_path: Path) -> None:
    table = {"userId": [1, None], "movieId": [2, None], "rating": [4, None], "comment": ["x", "y"]}
    ratings = read_table(tmp_path / "r.parquet", table, Format())
    assert ratings.origin.notes == (Note("dropped: lines without a value", 1), Note("read", 1))


def test_the_demo_set_takes_no_description() -> None:
    with pytest.raises(ConfigError, match="demo set is made, not read"):
        read("demo", BOOKS)
    assert len(read("demo", Format())) == len(read("demo"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user_col": "a", "item_col": "a"}, "'a' cannot be two columns at once"),
        ({"timestamp_col": "rating"}, "'rating' cannot be two columns at once"),
        ({"rating_scale": (5.0, 1.0)}, "scale 5 to 1 is none"),
        ({"rating_scale": (1.0, 1.0)}, "scale 1 to 1 is none"),
        ({"rating_scale": (1.0, float("inf"))}, "scale 1 to inf is none"),
        ({"rating_scale": (float("nan"), 5.0)}, "scale nan to 5 is none"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Format(**options)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Format("reader", "isbn", "stars"), "no column isbn among stars, note, reader, book, read_on; say"),
        (Format("reader", "book", "stars", timestamp_col="when"), r"no column when among .*--timestamp-col"),
        (Format(), "no column userId, movieId, rating among .*--user-col, --item-col, --rating-col"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_that_is_missing_is_named_with_its_option(
    tmp_path: Path, form: Format, message: str, ending: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / f"books.{ending}", TABLE, form)


def test_a_layout_without_a_header_has_movielens_names_only(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_bytes(b"1\t2\t4\t9\n")
    with pytest.raises(DataError, match=r"u\.data, line 1: no column reader, book, stars, read_on among userId"):
        read(str(tmp_path / "u.data"), BOOKS)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("userId", [1.5, 2.0], "row 1, column userId: 1.5 is not a whole number"),
        ("userId", [2.0**60, 2.0], "row 1, column userId: 1.152921504606847e+18 is not a whole number"),
        ("userId", [1, None], "row 2, column userId has no value"),
        ("userId", [[1], [2]], "column userId holds List"),
        ("movieId", [True, False], "column movieId holds Boolean: convert it to whole numbers or text"),
        ("rating", ["good", "4"], "row 1, column rating: 'good' is not a number"),
        ("rating", [float("inf"), 4.0], "row 1, column rating: inf is not a finite number"),
        ("rating", [[4], [4]], "column rating holds List"),
        ("timestamp", [b"x", b"y"], "column timestamp holds Binary"),
        ("timestamp", [-1, 5], "row 1, column timestamp: -1 is before 1970"),
    ],
)
def test_what_is_wrong_with_a_parquet_file_is_said_with_its_row(
    tmp_path: Path, column: str, values: list[Any], message: str
) -> None:
    table = {"userId": [1, 2], "movieId": [3, 4], "rating": [4.0, 5.0], "timestamp": [1, 2], column: values}
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "r.parquet", table, Format())
    assert str(caught.value).startswith("r.parquet, ")
    assert message in str(caught.value)


def test_a_parquet_file_that_declares_endless_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentlens.ratings.readers.parquet.MOST_ROWS", 2)
    with pytest.raises(DataError, match=r"books\.parquet has 3 rows; at most 2 are read"):
        read_table(tmp_path / "books.parquet", TABLE)


def test_a_damaged_parquet_file_is_refused_in_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path / "books.parquet", TABLE)
    whole = source.read_bytes()
    n_refused = 0
    for position in range(4, len(whole), 7):
        source.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            read(str(source), BOOKS)
        except DataError:
            n_refused += 1
    source.write_bytes(whole[:-10])
    with pytest.raises(DataError, match=r"books\.parquet is not a whole Parquet file"):
        read(str(source), BOOKS)
    assert n_refused > 10
    # Where polars panics, the backtrace is not printed.
    assert capfd.readouterr().err == ""
