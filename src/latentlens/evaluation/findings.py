"""What the figures of a model mean, in plain language: findings with codes, explained in docs/findings.md.

Each function looks at figures and gives its finding, or None where there is nothing to say. Thresholds are conventions,
stated where they are used; what is compared with a baseline is compared on the same users, by an interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from latentlens.evaluation.intervals import Interval
from latentlens.recommenders.fitted import FittedModel

FORMAT = 1
# The document of a model folder that holds its findings.
DOCUMENT = "findings.json"
# Ratings that were not fitted are harder to predict than those that were: these cannot be much easier.
SUSPECT_RATIO = 0.9
POPULARITY_BIAS = 2.0
# A fit that is worth stopping earlier has lost so much of its best epoch.
LOST_SINCE_BEST = 1.01
# A fit has learned ratings by heart that errs on them by less than this share of what it errs on others.
BY_HEART = 0.5
FEW_USERS = 100
WIDE = 0.1
_TOO_FEW = "too few users to tell"


@dataclass(frozen=True)
class Finding:
    """Something to know before a model is trusted: a stable code, what it is, the figures, and what to do."""

    code: str
    title: str
    seen: str
    advice: str

    @property
    def text(self) -> str:
        """What was seen, then what to do."""
        return f"{self.seen} {self.advice}"

    @property
    def see(self) -> str:
        """Where it is explained."""
        return f"docs/findings.md#{self.code.lower()}"


_FIELDS = [field.name for field in fields(Finding)]


def to_json(found: Iterable[Finding]) -> dict[str, Any]:
    """A JSON document, for `findings.json` in the model folder."""
    return {"format": FORMAT, "findings": [{**asdict(one), "see": one.see} for one in found]}


def in_markdown(found: Sequence[Finding]) -> str:
    """A list for a page that people read."""
    if not found:
        return "No finding: nothing that is looked for (docs/findings.md) was seen."
    return "\n".join(f"- **{one.code} {one.title}.** {one.text}" for one in found)


def findings_of(model: FittedModel) -> tuple[Finding, ...]:
    """Give the findings that were kept with a model, none if it was made without.

    Raises ValueError if its `findings.json` is damaged or of another format.
    """
    document = model.extra.get(DOCUMENT, to_json(()))
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ValueError(f"{DOCUMENT} is not of format {FORMAT}, which this version reads")
    try:
        found = tuple(Finding(**{name: entry[name] for name in _FIELDS}) for entry in document["findings"])
    except (KeyError, TypeError) as problem:
        raise ValueError(f"{DOCUMENT} lacks what a finding needs: {problem!r}") from problem
    if not all(isinstance(value, str) for one in found for value in asdict(one).values()):
        raise ValueError(f"{DOCUMENT} has a finding that is no text")
    return found


def leakage(n_leaked: int, n_test: int, rmse: float, train_rmse: float) -> Finding | None:
    """LL001: test rows that were fitted, or a test side that is easier than the train side."""
    if n_leaked:
        seen = f"{n_leaked:,} of the {n_test:,} test ratings were among those fitted"
    elif rmse < SUSPECT_RATIO * train_rmse:
        seen = f"RMSE is {rmse:.4f} on the test side and {train_rmse:.4f} on ratings that were fitted"
    else:
        return None
    return Finding(
        "LL001",
        "leakage suspected",
        f"{seen}: these figures flatter.",
        "Split anew, so that no test rating is fitted under any id.",
    )


def not_above_popularity(k: int, ndcg: float, popularity_ndcg: float, gain: Interval) -> Finding | None:
    """LL002: `gain`, the 95 % interval of nDCG@k over popularity's on the same users, is not above 0."""
    if gain.low > 0:
        return None
    verdict = "lists of the most rated movies are better" if gain.high < 0 else "the difference may be chance"
    return Finding(
        "LL002",
        "no better than popularity",
        f"nDCG@{k} is {ndcg:.3f}, popularity's {popularity_ndcg:.3f} (gain {gain.low:+.3f} to {gain.high:+.3f}):"
        f" {verdict}.",
        "Serve a model whose lists are better than popularity's; if the two are close, test on more users.",
    )


def popularity_bias(ratio: float) -> Finding | None:
    """LL003: listed movies have more than twice the ratings of those that the same users rated."""
    if not ratio > POPULARITY_BIAS:
        return None
    return Finding(
        "LL003",
        "popularity bias",
        f"Listed movies have {ratio:.2f} times the ratings of those that the same users rated.",
        "Lists are more popular than tastes: see whether another model covers more (latentlens compare).",
    )


def overfit(validation: Sequence[float], rmse: float, train_rmse: float, bias_rmse: float) -> Finding | None:
    """LL004: validation RMSE by epoch rose again, or ratings were learned by heart without a gain over bias-only."""
    best = min(validation, default=0.0)
    if validation and validation[-1] > LOST_SINCE_BEST * best:
        seen = (
            f"Validation RMSE rose from {best:.4f} (epoch {validation.index(best) + 1}) to {validation[-1]:.4f}"
            f" (epoch {len(validation)})"
        )
    elif train_rmse < BY_HEART * rmse and rmse >= bias_rmse:
        seen = f"RMSE is {train_rmse:.4f} on fitted ratings, {rmse:.4f} on others, bias-only's {bias_rmse:.4f}"
    else:
        return None
    return Finding("LL004", "overfit", f"{seen}.", "Fit fewer epochs (n_epochs), or regularise more (reg_all).")


def axes_are_noise(n_steady: int, n_axes: int, n_refits: int) -> Finding | None:
    """LL005: of the leading axes, none was found again by most fits from other random numbers."""
    if n_steady or not n_axes or not n_refits:
        return None
    return Finding(
        "LL005",
        "axes are noise",
        f"None of the {n_axes} leading axes came back in most of {n_refits} fits from other random numbers.",
        "Read no meaning into them; other settings, such as the preset tuned, or more ratings may find axes that last.",
    )


def not_below_bias_only(rmse: float, bias_rmse: float, gain: Interval) -> Finding | None:
    """LL006: `gain`, the 95 % interval of what bias-only's mean square error is above the model's, is not above 0."""
    if gain.low > 0:
        return None
    verdict = "worse than without any taste" if gain.high < 0 else "the difference may be chance"
    return Finding(
        "LL006",
        "no better than bias-only",
        f"RMSE is {rmse:.4f}, bias-only's {bias_rmse:.4f}: {verdict}.",
        "Do not read its predicted ratings as personal; another model, or more ratings per user, may do better.",
    )


def too_few_users(k: int, n_users: int, n_new_users: int, ndcg: Interval) -> Finding | None:
    """LL007: fewer than 100 users were given a list, or the 95 % interval of nDCG@k is wider than 0.1."""
    if n_users < FEW_USERS:
        new = f", {n_new_users:,} more are new to it" if n_new_users else ""
        seen = f"Lists of only {n_users:,} users could be judged{new}"
    elif ndcg.high - ndcg.low > WIDE:
        seen = f"nDCG@{k} lies anywhere from {ndcg.low:.3f} to {ndcg.high:.3f}"
    else:
        return None
    return Finding("LL007", _TOO_FEW, f"{seen}: differences are mostly chance.", "Test on more users, or more ratings.")


def no_lists(reason: str) -> Finding:
    """LL007: no list could be judged at all."""
    return Finding("LL007", _TOO_FEW, f"No list could be judged. {reason}", "Until then, RMSE is all that is known.")
