from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latentlens.errors import DataError
from latentlens.ratings.readers import demo, read
from latentlens.ratings.readers.places import FILE_NAMES
from latentlens.ratings.table import Note, Ratings

# The same three ratings and movies in every layout. Movie 3 has no rating.
Files = dict[str, bytes]
CSV: Files = {
    "ratings.csv": b"userId,movieId,rating,timestamp\n1,10,4.0,100\n2,2,3.0,200\n1,2,5.0,300\n",
    "movies.csv": (
        "movieId,title,genres\n"
        '2,"Misérables, Les (1995)",Drama|War\n'
        "3,Untagged (2001),(no genres listed)\n"
        '10,"""Heat"" (1995)",Action\n'
    ).encode(),
}
DAT: Files = {
    "ratings.dat": b"1::10::4::100\n2::2::3::200\n1::2::5::300\n",
    "movies.dat": ('2::Misérables, Les (1995)::Drama|War\n3::Untagged (2001)::\n10::"Heat" (1995)::Action\n').encode(
        "latin-1"
    ),
}
# Flags: unknown, Action, ..., Drama is the 9th and War the 18th of 19.
TAB: Files = {
    "u.data": b"1\t10\t4\t100\n2\t2\t3\t200\n1\t2\t5\t300\n",
    "u.item": (
        "2|Misérables, Les (1995)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|1|0\n"
        "3|Untagged (2001)||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
        '10|"Heat" (1995)||||0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n'
    ).encode("latin-1"),
}
SCALES = {"ratings.csv": (0.5, 5.0), "ratings.dat": (1.0, 5.0), "u.data": (1.0, 5.0)}


def folder_of(path: Path, files: Files) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def as_folder(tmp_path: Path, files: Files) -> Path:
    # Brackets: a path is never taken for a pattern.
    return folder_of(tmp_path / "set[1]", files)


def as_nested_folder(tmp_path: Path, files: Files) -> Path:
    folder_of(tmp_path / "outer" / "inner", files)
    folder_of(tmp_path / "outer" / "empty", {})
    return tmp_path / "outer"


def as_zip(tmp_path: Path, files: Files) -> Path:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return tmp_path / "set.zip"


def as_nested_zip(tmp_path: Path, files: Files) -> Path:
    resource_forks = {f"__MACOSX/set/._{name}": b"\0" for name in files}
    return as_zip(tmp_path, {f"set/{name}": content for name, content in files.items()} | resource_forks)


def as_file(tmp_path: Path, files: Files) -> Path:
    name = next(name for name in files if name in FILE_NAMES)
    return folder_of(tmp_path / "set", files) / name


def as_renamed_file(tmp_path: Path, files: Files) -> Path:
    return as_file(tmp_path, files).rename(tmp_path / "set" / "any name.txt")


def rows_of(ratings: Ratings) -> list[tuple[int | str, int | str, float]]:
    users = ratings.user_ids.values[ratings.user_index].tolist()
    movies = ratings.item_ids.values[ratings.item_index].tolist()
    return list(zip(users, movies, ratings.rating.tolist(), strict=True))


def genres_of(ratings: Ratings) -> list[list[str]]:
    return [ratings.catalogue.genres_of(item) for item in range(ratings.n_items)]


def read_csv(tmp_path: Path, ratings: str, movies: str | None = None) -> Ratings:
    files = {"ratings.csv": ratings.encode()} | ({} if movies is None else {"movies.csv": movies.encode()})
    return read(str(folder_of(tmp_path, files)))


@pytest.mark.parametrize("files", [CSV, DAT, TAB], ids=["csv", "dat", "tab"])
@pytest.mark.parametrize("pack", [as_folder, as_nested_folder, as_zip, as_nested_zip, as_file, as_renamed_file])
def test_every_layout_reads_the_same_from_every_place(
    tmp_path: Path, files: Files, pack: Callable[[Path, Files], Path]
) -> None:
    ratings = read(str(pack(tmp_path, files)))
    assert rows_of(ratings) == [(1, 10, 4.0), (2, 2, 3.0), (1, 2, 5.0)]
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [100, 200, 300]
    assert ratings.item_ids.values.tolist() == [2, 3, 10]
    assert ratings.catalogue.titles == ("Misérables, Les", "Untagged", '"Heat"')
    assert ratings.catalogue.years.tolist() == [1995, 2001, 1995]
    assert genres_of(ratings) == [["Drama", "War"], [], ["Action"]]
    assert ratings.scale == SCALES[next(iter(files))]
    assert ratings.origin.notes == (Note("read", 3),)
    assert ratings.origin.sha256 == hashlib.sha256(b"".join(files.values())).hexdigest()


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (as_folder, "set[1]"),
        (as_nested_folder, "outer"),
        (as_zip, "set"),
        (as_file, "ratings.csv"),
    ],
)
def test_the_origin_has_the_base_name_of_the_source(
    tmp_path: Path, pack: Callable[[Path, Files], Path], name: str
) -> None:
    assert read(str(pack(tmp_path, CSV))).origin.name == name


def test_the_current_folder_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_of(tmp_path / "mine", CSV))
    assert read(".").origin.name == "mine"


def test_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    source = as_nested_zip(tmp_path, CSV)
    read(str(source))
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("files", [CSV, DAT, TAB], ids=["csv", "dat", "tab"])
def test_without_a_catalogue_movies_are_named_by_their_id(tmp_path: Path, files: Files) -> None:
    ratings = read(str(folder_of(tmp_path, dict([next(iter(files.items()))]))))
    assert ratings.catalogue.titles == ("Movie 2", "Movie 10")


def test_half_stars_in_dat_mean_a_scale_from_half_a_star(tmp_path: Path) -> None:
    files = {**DAT, "ratings.dat": b"1::10::4::100\n2::2::3.5::200\n"}
    assert read(str(folder_of(tmp_path, files))).scale == (0.5, 5.0)


def test_movies_dat_may_be_utf8(tmp_path: Path) -> None:
    files = {**DAT, "movies.dat": "2::Misérables, Les (1995)::Drama\n".encode()}
    assert read(str(folder_of(tmp_path, files))).catalogue.titles[0] == "Misérables, Les"


def test_u_genre_names_the_flags_and_counts_in_the_digest(tmp_path: Path) -> None:
    files = {
        "u.data": TAB["u.data"],
        "u.item": b"2|Heat (1995)||||0|1|1\n",
        "u.genre": b"unknown|0\nCrime|1\nNoir|2\n\n",
    }
    ratings = read(str(folder_of(tmp_path, files)))
    assert genres_of(ratings) == [["Crime", "Noir"], []]
    assert ratings.origin.sha256 == hashlib.sha256(b"".join(files.values())).hexdigest()


def test_columns_may_come_in_any_order_with_others_between(tmp_path: Path) -> None:
    ratings = read_csv(
        tmp_path, "rating,comment,movieId,userId\n4.5,fine,7,1\n", "genres,id,movieId,title\nWar,x,7,A\n"
    )
    assert rows_of(ratings) == [(1, 7, 4.5)]
    assert ratings.timestamp is None
    assert ratings.catalogue.titles == ("A",)
    assert genres_of(ratings) == [["War"]]


@pytest.mark.parametrize("content", [b"1::7::4\n2::7::5\n", b"1\t7\t4\n2\t7\t5\n"])
def test_ratings_without_timestamps_have_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.txt").write_bytes(content)
    ratings = read(str(tmp_path / "r.txt"))
    assert rows_of(ratings) == [(1, 7, 4.0), (2, 7, 5.0)]
    assert ratings.timestamp is None


def test_a_byte_order_mark_quotes_and_windows_line_ends_are_no_part_of_the_data(tmp_path: Path) -> None:
    mark = "\ufeff"
    ratings = read_csv(
        tmp_path,
        mark + 'userId,"movieId",rating,timestamp\r\n"1",7,4.5,9\r\n',
        mark + "movieId,title,genres\r\n7,A (1999),War\r\n",
    )
    assert rows_of(ratings) == [(1, 7, 4.5)]
    assert ratings.catalogue.titles == ("A",)
    assert genres_of(ratings) == [["War"]]


def test_ids_that_are_not_whole_numbers_are_kept_as_text(tmp_path: Path) -> None:
    ratings = read_csv(
        tmp_path,
        "userId,movieId,rating\nann,tt02,4\n7,010,3\n",
        "movieId,title,genres\ntt02,Two,War\n010,Ten,\n",
    )
    assert rows_of(ratings) == [("ann", "tt02", 4.0), ("7", "010", 3.0)]
    assert ratings.catalogue.titles == ("Ten", "Two")


def test_only_the_column_that_needs_it_is_text(tmp_path: Path) -> None:
    assert rows_of(read_csv(tmp_path, "userId,movieId,rating\nann,2,4\n")) == [("ann", 2, 4.0)]


def test_ids_too_large_for_64_bits_are_text(tmp_path: Path) -> None:
    large = "99999999999999999999"
    assert rows_of(read_csv(tmp_path, f"userId,movieId,rating\n{large},2,4\n")) == [(large, 2, 4.0)]


def test_movie_ids_are_text_in_both_files_where_they_are_in_one(tmp_path: Path) -> None:
    ratings = read_csv(tmp_path, "userId,movieId,rating\n1,2,4\n", "movieId,title,genres\n2,Two,War\ntt3,Three,War\n")
    assert rows_of(ratings) == [(1, "2", 4.0)]
    assert ratings.catalogue.titles == ("Two", "Three")


def test_a_movie_listed_twice_keeps_its_first_row_and_is_noted(tmp_path: Path) -> None:
    ratings = read_csv(
        tmp_path, "userId,movieId,rating\n1,7,4\n", "movieId,title,genres\n7,First,War\n7,Second,Drama\n"
    )
    assert ratings.catalogue.titles == ("First",)
    assert genres_of(ratings) == [["War"]]
    assert Note("dropped: catalogue rows of a movie listed before", 1) in ratings.origin.notes


def test_blank_lines_are_noted(tmp_path: Path) -> None:
    ratings = read_csv(tmp_path, "userId,movieId,rating\n1,7,4\n\n2,7,5\n,,\n\n", "movieId,title,genres\n\n7,A,\n\n")
    assert rows_of(ratings) == [(1, 7, 4.0), (2, 7, 5.0)]
    assert ratings.origin.notes == (Note("dropped: lines without a value", 3), Note("read", 2))


def test_a_catalogue_without_a_row_leaves_movies_untitled(tmp_path: Path) -> None:
    ratings = read_csv(tmp_path, "userId,movieId,rating\n1,7,4\n", "movieId,title,genres\n")
    assert ratings.catalogue.titles == ("Movie 7",)


HEADER = "userId,movieId,rating,timestamp\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "ratings.csv is empty"),
        (HEADER, "ratings.csv holds no rating"),
        (HEADER + "\n\n", "ratings.csv holds no rating"),
        (
            "userId,rating\n1,4\n",
            "ratings.csv, line 1: no column movieId among userId, rating; say",
        ),
        ("1,7,4,9\n", "ratings.csv, line 1 holds values: put a header"),
        (HEADER + "1,7,4,9\n\n1,8,good,9\n", "ratings.csv, line 4, column rating: 'good' is not a number"),
        (HEADER + "1,7,4,9\n1,8,,9\n", "ratings.csv, line 3, column rating has no value"),
        (HEADER + "1,7,4,9\n,8,4,9\n", "ratings.csv, line 3, column userId has no value"),
        (HEADER + "ann,7,4,9\nbob,,4,9\n", "line 3, column movieId has no value"),
        (HEADER + "ann,7,4,9\n,8,4,9\n", "line 3, column userId has no value"),
        (
            HEADER + "1,7,4,9\n2,7,4,2015-03-01\n",
            "line 3, column timestamp: '2015-03-01' is not a whole number of seconds",
        ),
        (HEADER + "1,7,4\n", "line 2, column timestamp has no value"),
        (HEADER + "1,7,4,9\n1,8,NaN,9\n", "line 3, column rating: nan is not a finite number"),
        (HEADER + "1,7,4,9\n1,8,inf,9\n", "line 3, column rating: inf is not a finite number"),
        (HEADER + "1,7,4,9\n\n1,8,0,9\n", "line 4, column rating: 0.0 is not on the scale of 0.5 to 5"),
        (HEADER + '1,"7,4,9\n1,8,4,9\n', "look for a quote that is not closed"),
        (HEADER + "1,7,4,9\n1,7,3,5,9\n", "ratings.csv, line 3 has more than 4 fields"),
    ],
)
def test_what_is_wrong_with_a_ratings_file_is_said_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(tmp_path, content)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ratings.dat", b"1::7::4::9\n1::8::x::9\n", "line 2, column rating: 'x' is not a number"),
        ("ratings.dat", b"1::7::4::9\nx::8::4::9\n", "line 2, column userId: 'x' is not a whole number"),
        ("ratings.dat", b"1::7::4::9\n1::8::4::9::9\n", "line 2 has more than 4 fields"),
        ("ratings.dat", b"1::7::4::9\n1::8:4:9\n", "line 2: '4' stands where :: should"),
        ("ratings.dat", b"1::7\n1::8\n", "line 1: no column rating"),
        ("ratings.dat", b"1::7::4::9\n1::8::6::9\n", "line 2, column rating: 6.0 is not on the scale of 1 to 5"),
        ("u.data", b"1\t7\t4\t9\n1\t8\t4\n", "line 2, column timestamp has no value"),
        ("u.data", b'1\t7\t4\t9\n"1\t8\t4\t9\n', "line 2, column userId: '\"1' is not a whole number"),
        ("u.data", b"1\t7\t4\t9\n1\t8\t4\t9\t9\n", "line 2 has more than 4 fields"),
        ("ratings.csv", b"userId,movieId,rating\n1,7,4\nJos\xe9,7,4\n", "line 3 is not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_other_layouts_is_said_with_its_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(str(folder_of(tmp_path, {name: content})))
    assert str(caught.value).startswith(name)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("files", "name", "content", "message"),
    [
        (CSV, "movies.csv", b" \n", "movies.csv is empty"),
        (CSV, "movies.csv", b"movieId,name,genres\n2,A,\n", "line 1 lacks the column title"),
        (CSV, "movies.csv", b"movieId,title,genres\n2,A, The,War\n", "line 2 has 4 fields instead of 3"),
        (CSV, "movies.csv", b"movieId,title,genres\n,A,War\n", "line 2: '' is not a movie id"),
        (CSV, "movies.csv", b'movieId,title,genres\n2,"A,War\n3,B,War\n', "correct the quotes"),
        (DAT, "movies.dat", b"2::A::War\n3::B\n", "line 2 has 2 fields instead of 3"),
        (DAT, "movies.dat", b"2::A::War\n\nx::B::War\n", "line 3: 'x' is not a movie id"),
        (TAB, "u.item", b"2|A||||0|1\n", "line 1 has 7 fields instead of 24"),
    ],
)
def test_what_is_wrong_with_a_movie_file_is_said_with_its_place(
    tmp_path: Path, files: Files, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(str(folder_of(tmp_path, {**files, name: content})))
    assert str(caught.value).startswith(name)
    assert message in str(caught.value)


@pytest.mark.parametrize("source", ["", "demos", "ml-25", "no/such/place"])
def test_an_unknown_source_is_named_with_what_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"'{source}': give demo, or the path of a folder, zip or file, or a name to"):
        read(source)


def test_a_place_without_ratings_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no ratings\.csv, ratings\.dat, u\.data"):
        read(str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"set\.zip holds no ratings\.csv"):
        read(str(as_zip(tmp_path, {"deep/down/ratings.csv": CSV["ratings.csv"]})))


def test_a_place_with_several_sets_asks_for_one(tmp_path: Path) -> None:
    folder_of(tmp_path / "both" / "a", CSV)
    folder_of(tmp_path / "both" / "b", TAB)
    with pytest.raises(DataError, match=r"more than one ratings file \(a/ratings\.csv, b/u\.data\)"):
        read(str(tmp_path / "both"))
    with pytest.raises(DataError, match=r"\(mixed/ratings\.csv, mixed/ratings\.dat\)"):
        read(str(folder_of(tmp_path / "mixed", CSV | DAT)))


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    source = as_zip(tmp_path, CSV)
    whole = source.read_bytes()
    source.write_bytes(whole[:100])
    with pytest.raises(DataError, match=r"set\.zip is not a whole zip"):
        read(str(source))
    # One byte in the middle of the first member: only reading it shows the damage.
    at = whole.index(b"ratings.csv") + len("ratings.csv") + 20
    source.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    with pytest.raises(DataError, match=r"set\.zip is not a whole zip"):
        read(str(source))


def test_demo_is_the_demo_set() -> None:
    ratings, made = read("demo"), demo.make()
    np.testing.assert_array_equal(ratings.rating, made.rating)
    assert ratings.origin == made.origin


@pytest.mark.realdata
def test_ml_latest_small_is_read_whole(movielens_small: Path) -> None:
    ratings = read(str(movielens_small))
    assert (len(ratings), ratings.n_users, ratings.n_items) == (100_836, 610, 9_742)
    assert np.count_nonzero(ratings.item_counts) == 9_724
    assert ratings.scale == (0.5, 5.0)
    assert (ratings.rating.min(), ratings.rating.max()) == (0.5, 5.0)
    assert ratings.timestamp is not None
    assert ratings.origin.name == "ml-latest-small"
    assert ratings.origin.notes == (Note("read", 100_836),)


@pytest.mark.realdata
def test_toy_story_is_found_in_ml_latest_small(movielens_small: Path) -> None:
    ratings = read(str(movielens_small / "ratings.csv"))
    toy_story = int(ratings.item_ids.index(1))
    assert ratings.catalogue.titles[toy_story] == "Toy Story"
    assert ratings.catalogue.year_of(toy_story) == 1995
    expected = ["Adventure", "Animation", "Children", "Comedy", "Fantasy"]
    assert ratings.catalogue.genres_of(toy_story) == expected
    assert ratings.item_counts[toy_story] == 215
    assert "(no genres listed)" not in ratings.catalogue.genre_names
