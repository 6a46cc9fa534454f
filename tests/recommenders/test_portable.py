"""What travels inside a saved model, or serves, stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from latentlens.ratings import ids
from latentlens.recommenders import portable
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides


def imported_by(source: Path) -> set[str]:
    """Every module that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.name} imports relative to itself"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize(
    ("module", "own"), [(ids, set()), (portable, {"latentlens.ratings.ids"})], ids=["ids", "portable"]
)
def test_it_imports_numpy_and_the_standard_library_alone(module: ModuleType, own: set[str]) -> None:
    assert module.__file__
    others = imported_by(Path(module.__file__)) - own
    assert {name.split(".")[0] for name in others} <= {"numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", ["portable", "foldin", "fitted", "artifact"])
def test_it_never_loads_a_compiler_or_data_frames(module: str) -> None:
    program = (
        f"import sys, latentlens.recommenders.{module}\n"
        "print(*{'numba', 'polars', 'pandas', 'matplotlib', 'mlflow'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize("size", [1, 7, 600])
def test_pairs_shared_among_threads_have_the_same_scores(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    factors = SVD(n_factors=7, n_epochs=3, random_state=1).fit(small_sides().train).factors
    random = np.random.default_rng(0)
    users = random.integers(-1, len(factors.user_ids), 1500)
    items = random.integers(-1, len(factors.item_ids), 1500)
    alone = [factors.score(users[n : n + 1], items[n : n + 1]).item() for n in range(len(users))]
    monkeypatch.setattr(portable, "_PART", size)
    assert factors.score(users, items).tolist() == alone
