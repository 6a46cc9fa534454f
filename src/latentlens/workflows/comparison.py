"""What a comparison found: a frozen result, and the table that terminal, page and docs show of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from latentlens.evaluation.findings import Finding
from latentlens.evaluation.intervals import Interval
from latentlens.evaluation.plots import Point, quality_against_cost
from latentlens.evaluation.ranking_report import RankingReport
from latentlens.workflows.judge import Errors

# What models can be ordered and tested by: the metrics of lists that have a best.
METRICS = ("ndcg", "precision", "recall", "map", "mrr", "hit_rate")


class Column(NamedTuple):
    """A figure of each model; `best` picks the best of them, None where neither more nor less is better."""

    key: str
    heading: str
    form: str
    best: Callable[[Sequence[float]], float] | None = None


COLUMNS = (
    Column("ndcg", "nDCG", ".3f", max),
    Column("recall", "recall", ".3f", max),
    Column("precision", "precision", ".3f", max),
    Column("map", "MAP", ".3f", max),
    Column("mrr", "MRR", ".3f", max),
    Column("hit_rate", "hit rate", ".3f", max),
    Column("coverage", "coverage", ".1%", max),
    Column("novelty", "novelty", ".1f"),
    Column("diversity", "diversity", ".2f"),
    Column("popularity_bias", "pop. bias", ".2f"),
    Column("rmse", "RMSE", ".4f", min),
    Column("mae", "MAE", ".4f", min),
    Column("fit_seconds", "fit s", ".2f", min),
    Column("list_seconds", "s / 1,000 lists", ".2f", min),
)


class Shared(NamedTuple):
    """A finding of some of the models. seen: what was seen -> names of the models of which it was."""

    code: str
    title: str
    seen: dict[str, list[str]]
    advice: str


@dataclass(frozen=True, eq=False)
class Compared:
    """One model. `interval`: 95 %, of the metric of the comparison; `p_value`: of no difference to the best in it.

    list_seconds: for 1,000 lists.
    """

    name: str
    recommender: str
    params: Mapping[str, Any]
    errors: Errors
    lists: RankingReport
    fit_seconds: float
    list_seconds: float
    findings: tuple[Finding, ...]
    interval: Interval
    p_value: float | None = None

    @property
    def figures(self) -> dict[str, float]:
        """Every column's figure; a mean that nobody has is NaN."""
        lists = self.lists
        return {
            **{name: lists.mean(name) for name in (*METRICS, "novelty", "diversity")},
            "coverage": lists.coverage,
            "popularity_bias": lists.popularity_bias,
            "rmse": self.errors.rmse,
            "mae": self.errors.mae,
            "fit_seconds": self.fit_seconds,
            "list_seconds": self.list_seconds,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models on one split, the best in `metric` first. left_out: why, of those that cannot be fitted on it."""

    metric: str
    k: int
    liked: float
    negatives: int | None
    rule: str
    data: str
    n_train: int
    n_test: int
    models: tuple[Compared, ...]
    left_out: Mapping[str, str]
    run_id: str | None = None
    tracking_uri: str | None = None

    @property
    def lists(self) -> RankingReport:
        """Any model's: users are the same for all."""
        return self.models[0].lists

    @property
    def points(self) -> list[Point]:
        """What the picture shows of each model."""
        return [
            Point(model.name, model.figures[self.metric], model.interval, model.fit_seconds, model.lists.coverage)
            for model in self.models
        ]

    @property
    def picture(self) -> Figure:
        """Quality of the lists against the time of the fit, and against coverage."""
        return quality_against_cost(self.points, f"{self.columns()[0].heading}@{self.k}")

    @property
    def findings(self) -> list[Shared]:
        """The findings of all models, by code."""
        shared: dict[str, Shared] = {}
        for model in self.models:
            for one in model.findings:
                of_code = shared.setdefault(one.code, Shared(one.code, one.title, {}, one.advice))
                of_code.seen.setdefault(one.seen, []).append(model.name)
        return [shared[code] for code in sorted(shared)]

    @property
    def about(self) -> str:
        """Say in two sentences what was measured on what."""
        lists = self.lists
        new = f" ({lists.n_new_users:,} more are new to the fit)" if lists.n_new_users else ""
        among = "all movies" if self.negatives is None else f"{self.negatives:,} drawn negatives per user"
        return (
            f"{self.data}, {self.rule}: fitted on {self.n_train:,} ratings, tested on {self.n_test:,}."
            f" Lists of {self.k} among {among} for {lists.n_users:,} users{new}; liked is a rating of"
            f" {self.liked:g} or more."
        )

    def columns(self, *keys: str) -> list[Column]:
        """These columns (all if none is named), the metric of the comparison first."""
        wanted = [column for column in COLUMNS if not keys or column.key in (*keys, self.metric)]
        return sorted(wanted, key=lambda column: column.key != self.metric)

    def cells(self, column: Column) -> list[tuple[str, bool]]:
        """The column's text for each model, and whether it is the best."""
        values = [model.figures[column.key] for model in self.models]
        known = [value for value in values if value == value]
        best = column.best(known) if column.best and known else None
        texts = [format(value, column.form) if value == value else "" for value in values]
        return [(text, value == best) for text, value in zip(texts, values, strict=True)]

    def intervals(self) -> list[str]:
        """The 95 % interval of each model's metric."""
        return [f"{model.interval.low:.3f}–{model.interval.high:.3f}" for model in self.models]

    def p_values(self) -> list[str]:
        """How likely so large a difference to the best is by chance; "best" is the best."""
        return ["best" if model.p_value is None else f"{model.p_value:.4f}" for model in self.models]

    def in_markdown(self, *keys: str) -> str:
        """A table of these columns, the best of each in bold."""
        columns = self.columns(*keys)
        names = [model.name for model in self.models]
        rows = [["model", columns[0].heading, "95 %", "p", *(column.heading for column in columns[1:])]]
        rows.append(["---"] * len(rows[0]))
        shown = [[f"**{text}**" if best else text for text, best in self.cells(column)] for column in columns]
        rows += map(list, zip(names, shown[0], self.intervals(), self.p_values(), *shown[1:], strict=True))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def to_json(self) -> dict[str, Any]:
        """A JSON document; what is not a number is null."""
        lists = self.lists
        return {
            **{name: getattr(self, name) for name in ("data", "rule", "metric", "k", "liked", "negatives")},
            **{name: getattr(self, name) for name in ("n_train", "n_test", "run_id", "tracking_uri")},
            "n_users": lists.n_users,
            "n_new_users": lists.n_new_users,
            "models": [_in_json(model) for model in self.models],
            "left_out": dict(self.left_out),
        }


def _in_json(model: Compared) -> dict[str, Any]:
    return {
        "model": model.name,
        "recommender": model.recommender,
        **{name: value if value == value else None for name, value in model.figures.items()},
        "train_rmse": model.errors.train_rmse,
        "rmse_interval": list(model.errors.interval),
        "interval": list(model.interval),
        "p_value": model.p_value,
        "findings": [{**asdict(one), "see": one.see} for one in model.findings],
    }
