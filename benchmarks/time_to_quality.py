"""How long until a fit predicts held-out ratings as well as scikit-surprise does in the end; one picture.

Surprise and LIBMF are fitted anew for each number of epochs: neither tells of its epochs. Ours is the descent of the
preset `svd`, the order of visits and the start included. Nobody's clock runs while held-out rows are predicted.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

import libmf
from latentlens.evaluation.rating_metrics import rmse
from latentlens.ratings.layouts import Visits, order_for
from latentlens.ratings.order import row_blocks
from latentlens.ratings.table import Ratings
from latentlens.recommenders.kernels import sgd
from latentlens.recommenders.presets import PRESETS
from peak_memory import N_FACTORS, SEED, surprise_trainset

# Held-out rows that are predicted at a time.
ROWS = 50_000
SURPRISE = "scikit-surprise, its defaults"
EPOCHS = (1, 2, 5, 10, 20)


class Curve(NamedTuple):
    """Held-out RMSE after so many seconds."""

    seconds: list[float]
    errors: list[float]

    @property
    def end(self) -> float:
        """Error of the last epoch."""
        return self.errors[-1]

    def seconds_to(self, error: float) -> float:
        """Until it was first met; NaN if never."""
        met = [seconds for seconds, found in zip(self.seconds, self.errors, strict=True) if found <= error]
        return met[0] if met else float("nan")


def measure(train: Ratings, heldout: Ratings, library: Path | None) -> dict[str, Curve]:
    """All of them on one set."""
    ours(train.take(np.arange(1000), "to compile"), heldout, 1)
    curves = {SURPRISE: surprise(train, heldout)}
    for n in (1, 2):
        if library is not None:
            curves[f"LIBMF with AVX, {_threads(n)}"] = libmf_curve(library, train, heldout, n)
        curves[f"LatentLens, {_threads(n)}"] = ours(train, heldout, n)
    return curves


def ours(train: Ratings, heldout: Ratings, n_threads: int) -> Curve:
    """Descend epoch by epoch, as `SVD.fit` does."""
    config, mean, curve = PRESETS["svd"], float(train.rating.mean(dtype=np.float64)), Curve([], [])
    started = time.perf_counter()
    visits, place = order_for(train, n_threads)
    factors = config.start(train.n_users, train.n_items)
    factors.user_factors[train.user_counts == 0] = 0
    factors.item_factors[place[train.item_counts == 0]] = 0
    spent = time.perf_counter() - started
    watched = Visits(heldout.user_index, place[heldout.item_index].astype(np.int32), heldout.stars)
    for number in range(1, config.n_epochs + 1):
        started = time.perf_counter()
        sgd.epoch(visits, mean, factors, config.rates(number, np.float32))
        spent += time.perf_counter() - started
        curve.seconds.append(spent)
        curve.errors.append(sgd.rmse(watched, mean, factors, train.scale))
    return curve


def surprise(train: Ratings, heldout: Ratings) -> Curve:
    """Surprise's SVD; its trainset is built before the clock starts."""
    import surprise as package

    ids = (train.user_ids.values[train.user_index], train.item_ids.values[train.item_index])
    given = surprise_trainset(*ids, train.rating, train.scale)
    users = _inner(given._raw2inner_id_users, train.user_ids.values)[heldout.user_index]
    items = _inner(given._raw2inner_id_items, train.item_ids.values)[heldout.item_index]
    curve = Curve([], [])
    for n_epochs in EPOCHS:
        svd = package.SVD(n_factors=N_FACTORS, n_epochs=n_epochs, random_state=SEED)
        started = time.perf_counter()
        svd.fit(given)
        curve.seconds.append(time.perf_counter() - started)
        # Whom it never saw has no factors: a row of zeros, the last one.
        P, Q, b, c = (np.concatenate((part, np.zeros_like(part[:1]))) for part in (svd.pu, svd.qi, svd.bu, svd.bi))
        predicted = given.global_mean + b[users] + c[items]
        for rows in row_blocks(len(heldout), ROWS):
            predicted[rows] += np.einsum("nk,nk->n", P[users[rows]], Q[items[rows]])
        curve.errors.append(rmse(heldout.rating, np.clip(predicted, *train.scale)))
    return curve


def libmf_curve(library: Path, train: Ratings, heldout: Ratings, n_threads: int) -> Curve:
    """LIBMF with its own defaults, preparation included."""
    curve = Curve([], [])
    for n_epochs in EPOCHS:
        fit = libmf.fit(library, train, N_FACTORS, n_threads, n_epochs)
        curve.seconds.append(fit.seconds)
        predicted = np.empty(len(heldout))
        for rows in row_blocks(len(heldout), ROWS):
            of = fit.user_factors[heldout.user_index[rows]], fit.item_factors[heldout.item_index[rows]]
            predicted[rows] = np.einsum("nk,nk->n", *of)
        predicted[np.isnan(predicted)] = fit.mean
        curve.errors.append(rmse(heldout.rating, np.clip(predicted, *train.scale)))
    return curve


def table(curves: dict[str, Curve], what: str) -> Table:
    """Seconds until Surprise's last error was met, and the share of its time."""
    goal = curves[SURPRISE]
    columns = ("RMSE in the end", "s in the end", f"s to {goal.end:.4f}", "share")
    shown = Table("", *columns, title=f"Time to quality, {what}")
    for name, curve in curves.items():
        met = curve.seconds_to(goal.end)
        told = ("never", "") if np.isnan(met) else (f"{met:.2f}", f"1/{goal.seconds[-1] / met:.0f}")
        shown.add_row(name, f"{curve.end:.4f}", f"{curve.seconds[-1]:.2f}", *told)
    return shown


def picture(curves: dict[str, Curve], what: str) -> Figure:
    """Error over seconds, told at the lines."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    goal = curves[SURPRISE]
    colours = {"scikit-surprise": "0.35", "LIBMF with AVX": "tab:orange", "LatentLens": "tab:blue"}
    for name, curve in curves.items():
        kind, _, how = name.partition(", ")
        is_single = how == _threads(1)
        axes.plot(*curve, color=colours[kind], linestyle="--" if is_single else "-", marker="o", markersize=3)
        # The faster of two ends to the left of the other.
        side, up = ("right", "top") if how == _threads(2) else ("left", "bottom")
        axes.annotate(
            name,
            (curve.seconds[-1], curve.end),
            (4 if side == "left" else -4, 4 if up == "bottom" else -4),
            textcoords="offset points",
            va=up,
            ha=side,
            fontsize=8,
            color=colours[kind],
        )
    slow, fast = goal.seconds[-1], min(curve.seconds_to(goal.end) for curve in curves.values())
    axes.annotate("", (fast, goal.end), (slow, goal.end), arrowprops={"arrowstyle": "<->", "color": "0.5"})
    axes.text(
        fast**0.25 * slow**0.75,
        goal.end,
        f"1/{slow / fast:.0f} of its time to the same error",
        ha="center",
        va="center",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
    )
    axes.set_xscale("log")
    low = min(min(curve.errors) for curve in curves.values())
    axes.set_ylim(low - 0.015, goal.errors[0] + 0.01)
    axes.set_xlim(right=slow * 4)
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("RMSE of held-out ratings")
    axes.set_title(f"{what}, {N_FACTORS} factors", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"


def _inner(numbers: dict[Any, int], ids: NDArray[Any]) -> NDArray[np.int64]:
    """Surprise's number of each id, -1 for one that it never saw."""
    return np.array([numbers.get(id_, -1) for id_ in ids.tolist()])
