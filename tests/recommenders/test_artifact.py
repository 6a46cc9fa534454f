"""A folder that only pretends to be a model is refused, with a sentence, before any request meets it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlens.ratings.history import History
from latentlens.recommenders import artifact
from latentlens.recommenders.portable import MANIFEST, SETTINGS
from latentlens.recommenders.svd import SVD

from .support import small_sides


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a sound model."""
    folder = tmp_path_factory.mktemp("sound") / "model"
    train, test = small_sides()
    artifact.write(SVD(n_factors=4, n_epochs=2, random_state=0).fit(train).with_held_out(test), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(written: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def forge(folder: Path, name: str, **described: Any) -> None:
    """Let the manifest say what the file of this name is, as one who made the model could."""
    manifest = json.loads((folder / MANIFEST).read_text())
    checksum = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest["parts"][name] = {**manifest["parts"].get(name, {}), "sha256": checksum, **described}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def forge_array(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    array = change(np.load(folder / f"{name}.npy"))
    np.save(folder / f"{name}.npy", array)
    forge(folder, f"{name}.npy", shape=list(array.shape), dtype=str(array.dtype))


def forge_json(folder: Path, name: str, **changes: Any) -> None:
    document = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**document, **changes}))
    forge(folder, name)


def with_value(position: int, value: Any) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array.reshape(-1)[position] = value
        return array

    return change


def test_a_sound_model_is_read(folder: Path) -> None:
    assert len(artifact.read(folder).catalogue) == 61


def test_a_truncated_part_is_refused(folder: Path) -> None:
    part = folder / "item_factors.npy"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"item_factors\.npy is damaged: its checksum"):
        artifact.read(folder)
    forge(folder, part.name)
    with pytest.raises(ValueError, match=r"item_factors\.npy is not what its name says: .*mmap length"):
        artifact.read(folder)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("history_indptr", with_value(5, 10**6), "does not divide"),
        ("history_indptr", with_value(-1, 1), "does not divide"),
        ("history_indptr", with_value(0, -3), "does not divide"),
        ("history_indptr", lambda a: a[:-1], "history_indptr.npy holds int64 of shape"),
        ("history_items", with_value(3, 61), "points to movies beyond the 61"),
        ("history_items", with_value(3, -1), "points to movies beyond"),
        ("history_items", lambda a: a.astype(np.float32), "holds float32"),
        ("history_codes", lambda a: a[1:], "history_codes.npy holds uint8 of shape"),
        ("history_codes", lambda a: a.astype(np.uint16), "holds uint16"),
        ("history_codes", with_value(0, 255), "history_codes.npy points beyond"),
        ("history_values", with_value(0, np.nan), "not finite"),
        ("held_out_indptr", with_value(5, 10**6), "held_out_indptr.npy does not divide"),
        ("held_out_items", with_value(3, 61), "held_out_items.npy points to movies beyond the 61"),
        ("held_out_codes", with_value(0, 255), "held_out_codes.npy points beyond"),
        ("item_factors", with_value(7, np.inf), "item_factors.npy holds numbers that are not finite"),
        ("item_factors", lambda a: a[:, :-1], "user_factors.npy holds float32 of shape"),
        ("item_factors", lambda a: a.astype(np.float64), "item_factors.npy holds float64"),
        ("user_factors", lambda a: a[:-1], "user_factors.npy holds float32 of shape"),
        ("item_counts", with_value(0, -1), "below zero"),
        ("item_ids", lambda a: a[::-1], "item_ids.npy is not in ascending order"),
        ("item_ids", with_value(1, 101), "item_ids.npy is not in ascending order"),
        ("user_ids", lambda a: a.astype(np.float64), "user_ids.npy holds float64"),
        ("user_ids", lambda a: a.reshape(1, -1), "user_ids.npy holds int64 of shape"),
        ("user_bias", lambda a: a[0], "user_bias.npy holds float32 of shape"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(
    folder: Path, name: str, change: Callable[[Any], Any], said: str
) -> None:
    forge_array(folder, name, change)
    with pytest.raises(ValueError, match=said):
        artifact.read(folder)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        (SETTINGS, {"scale": [5, 0.5]}, "has the scale"),
        (SETTINGS, {"scale": [0.5]}, "has the scale"),
        (SETTINGS, {"scale": ["0.5", "5"]}, "has the scale"),
        (SETTINGS, {"global_mean": float("nan")}, "global mean nan"),
        (SETTINGS, {"global_mean": 10**400}, "not what a model needs"),
        (SETTINGS, {"user_step_reg": -1}, "user_step_reg -1"),
        (SETTINGS, {"ranks_by": "mood"}, "ranks_by 'mood'"),
        (SETTINGS, {"params": None}, "lacks the recommender's name"),
        ("catalogue.json", {"titles": ["one"]}, "not what a model needs"),
        ("catalogue.json", {"titles": list(range(61))}, "no text"),
        ("catalogue.json", {"years": [1990]}, "does not describe the 61 movies"),
        ("catalogue.json", {"years": [10**9] * 61}, "not what a model needs"),
        ("catalogue.json", {"genres": [[10**6]] * 61}, "not what a model needs"),
        ("catalogue.json", {"genres": None}, "not what a model needs"),
    ],
)
def test_documents_that_say_what_cannot_be_are_refused(
    folder: Path, name: str, changes: dict[str, Any], said: str
) -> None:
    forge_json(folder, name, **changes)
    with pytest.raises(ValueError, match=said):
        artifact.read(folder)


def test_a_model_of_the_first_format_is_read(folder: Path) -> None:
    train, test = small_sides()
    everything, fitted = History.of(train, test), History.of(train)
    is_fitted = fitted.find(everything.users, everything.items) >= 0
    manifest = json.loads((folder / MANIFEST).read_text())
    kept = {name: part for name, part in manifest["parts"].items() if not name.startswith(("history_", "held_out_"))}
    (folder / MANIFEST).write_text(json.dumps({"format": 1, "parts": kept}))
    columns: dict[str, Any] = {
        "indptr": everything.indptr,
        "items": everything.items,
        "ratings": everything.stars.ratings,
        "is_train": is_fitted,
    }
    for name, array in columns.items():
        file = f"history_{name}.npy"
        np.save(folder / file, array)
        forge(folder, file, shape=list(array.shape), dtype=str(array.dtype))
    read = artifact.read(folder)
    assert read.held_out is not None
    for ours, expected in ((read.history, fitted), (read.held_out, History.of(test))):
        assert ours.indptr.tolist() == expected.indptr.tolist()
        assert ours.items.tolist() == expected.items.tolist()
        assert ours.stars.ratings.tolist() == expected.stars.ratings.tolist()


def test_what_higher_layers_add_is_bounded(folder: Path) -> None:
    (folder / "axes.json").write_text(json.dumps("x" * artifact.MOST_EXTRA_BYTES))
    forge(folder, "axes.json")
    with pytest.raises(ValueError, match=r"axes\.json hold 8,388,610 bytes, more than the 8,388,608 of a model"):
        artifact.read(folder)


@pytest.mark.parametrize("name", ["settings.json", "manifest.json", "catalogue.json", "axes.npy"])
def test_a_model_carries_only_documents_that_are_none_of_its_parts(tmp_path: Path, name: str) -> None:
    model = replace(SVD(n_factors=2, n_epochs=1).fit(small_sides().train), extra={name: {}})
    with pytest.raises(ValueError, match=f"a model cannot carry '{name}'"):
        artifact.write(model, tmp_path / "model")


def test_a_deeply_nested_document_is_refused(folder: Path) -> None:
    (folder / "catalogue.json").write_text("[" * 100_000)
    forge(folder, "catalogue.json")
    with pytest.raises(ValueError, match=r"catalogue\.json is not what its name says"):
        artifact.read(folder)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was opened",))


def pickled_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], dtype=object), allow_pickle=True)
    return stream.getvalue()


def zipped_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, np.zeros(3))
    return stream.getvalue()


def absurd_shape(shape: str) -> bytes:
    """Only a header: it promises an array of this shape."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Trap()),
        pickled_array(),
        zipped_arrays(),
        b"",
        b"\x93NUMPY",
        absurd_shape("(10**15, 150)"),
        absurd_shape("(1000000000000000, 150)"),
        absurd_shape("(99999999999999999999999, 4)"),
        absurd_shape("(-1, 4)"),
    ],
    ids=["pickle", "pickled array", "zip", "empty", "cut header", "code", "too many", "beyond int64", "negative"],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_file_that_is_no_plain_array_is_refused_unopened(folder: Path, content: bytes) -> None:
    (folder / "item_bias.npy").write_bytes(content)
    forge(folder, "item_bias.npy")
    with pytest.raises(ValueError, match=r"item_bias\.npy is not what its name says"):
        artifact.read(folder)


@pytest.mark.parametrize("name", ["../outside.npy", "/etc/passwd", "a/b.npy", "..\\outside.npy", "..", ""])
def test_a_part_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["parts"][name] = manifest["parts"]["item_bias.npy"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="would lie outside the folder"):
        artifact.read(folder)


@pytest.mark.parametrize("parts", [None, [], 7, {"settings.json": None}])
def test_a_manifest_without_parts_is_refused(folder: Path, parts: Any) -> None:
    (folder / MANIFEST).write_text(json.dumps({"format": 1, "parts": parts}))
    with pytest.raises(ValueError, match=r"cannot be read|not what a model needs"):
        artifact.read(folder)
