"""One page that shows what a model has learned: headline, map of the movies, axis cards, and a person's taste.

It is a single HTML file without a script that fetches nothing: it reads the same offline, on a phone and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import numpy as np

from latentlens.errors import UnknownId
from latentlens.explain.along_axes import tastes, trait_spread
from latentlens.explain.axes import Axes, Axis, Pole
from latentlens.explain.movie_map import NARROW, WIDE, movie_map
from latentlens.explain.naming import Evidence
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector

_SHOWN_EVIDENCE = 6
# In stars: someone without much of a taste gets short bars.
_SMALLEST_SCALE = 0.2


def report(model: FittedModel, axes: Axes, *, source: str = "", user_id: int | str | None = None) -> str:
    """Write the page. `source` names the ratings; `user_id` is whose taste is shown, the most active user's by default.

    Raises UnknownId for a user without train ratings, TypeError for an id of the wrong type.
    """
    user = _user(model, user_id)
    cards = "\n".join(_card(axis) for axis in axes.stable)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the model has learned{escape(f" from {source}" if source else "")}</title>
<style>
{files(__package__).joinpath("report.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">{_about(model, source)}</p>
<h1>{headline(axes)}</h1>
{_names(axes)}
{_facts(axes)}
{_caveat(axes)}
</header>
{_map(model, axes)}
{f"<section><h2>The axes, one by one</h2>{_how_to_read(axes)}{cards}</section>" if cards else ""}
{_unsteady(axes)}
{_taste(model, axes, user)}
{_method(axes)}
</main>
</body>
</html>
"""


def _user(model: FittedModel, user_id: int | str | None) -> int:
    counts = model.factors.user_counts
    if user_id is None:
        return int(np.argmax(counts))
    user = int(model.factors.user_ids.index(user_id))
    if user < 0 or not counts[user]:
        raise UnknownId(f"User {user_id} is not in the model: name a user whose ratings it was trained on.")
    return user


def _about(model: FittedModel, source: str) -> str:
    counts = model.factors.item_counts
    behind = f"{int(counts.sum()):,} ratings of {int((counts > 0).sum()):,} movies"
    return escape(f"LatentLens · {model.recommender}" + (f" · {source}" if source else "") + f" · {behind}")


def headline(axes: Axes) -> str:
    """Say in a sentence what was found."""
    if not axes.axes:
        return "This model has no axes: it predicts without taste."
    if not axes.stable:
        return "The axes of this model are noise: from other random numbers, none of them comes back."
    steady = _count(len(axes.stable), "steady axis of taste", "steady axes of taste")
    if not axes.named:
        return f"The model has learned {steady}, but nothing that is known of the movies explains what."
    named = "it has a name" if len(axes.stable) == 1 else f"{_word(len(axes.named))} of them can be named"
    if len(axes.named) == len(axes.stable) > 1:
        named = "all of them can be named"
    return f"The model has learned {steady}; {named}."


def _names(axes: Axes) -> str:
    if not axes.named:
        return ""
    names = "".join(
        f'<li><span class="negative">{_pole_name(axis.negative)}</span> ↔'
        f' <span class="positive">{_pole_name(axis.positive)}</span></li>'
        for axis in axes.named
    )
    return f'<ul class="names">{names}</ul>'


def _facts(axes: Axes) -> str:
    if not axes.stable:
        return ""
    carried = sum(axis.variance_share for axis in axes.stable)
    named = sum(axis.variance_share for axis in axes.named)
    n_refits = len(axes.axes[0].matches)
    return f"""<ul class="facts">
<li><b>{len(axes.stable)} of {len(axes.axes)}</b> leading axes are steady: found again by most of {n_refits} refits</li>
<li><b>{carried:.0%}</b> of what taste adds to predicted ratings lies on the steady axes</li>
<li><b>{named:.0%}</b> lies on the {len(axes.named)} that have a name</li>
</ul>"""


def _caveat(axes: Axes) -> str:
    if not axes.axes:
        return ""
    if not axes.stable:
        return (
            '<p class="caveat">Nothing below should be read as a meaning. A movie’s place on these axes was decided by'
            " the random start of the fit more than by the ratings. Other settings, such as the preset “tuned”, may"
            " find axes that last.</p>"
        )
    return (
        '<p class="caveat">The model saw ratings only, no genre and no tag. A name says what the movies at one end have'
        " in common more often than chance allows. It does not say why people like them, and it does not fit every"
        " movie there.</p>"
    )


def _map(model: FittedModel, axes: Axes) -> str:
    if len(axes.stable) < 2:  # a map of noise would only invite a meaning
        return ""
    across, up = axes.stable[:2]
    drawings = "\n".join(
        movie_map(model, across, up, size).replace('class="map"', f'class="map {name}"', 1)
        for name, size in (("wide", WIDE), ("narrow", NARROW))
    )
    return f"""<section><h2>A map of the movies</h2>
<p>Movies that the same people like lie close together. The further out, the more a movie divides; in the middle, taste
decides little. Axis {across.number} runs from left to right, axis {up.number} from bottom to top.</p>
{drawings}</section>"""


def _how_to_read(axes: Axes) -> str:
    return (
        '<p class="soft">Well-known movies at both ends; below them, what goes with the axis beyond chance: r is the'
        f" correlation over {axes.n_movies:,} movies with at least {axes.min_ratings} ratings, p its probability by"
        f" chance, corrected for all {axes.n_comparisons:,} comparisons.</p>"
    )


def _card(axis: Axis) -> str:
    evidence = axis.evidence[:_SHOWN_EVIDENCE]
    shown = _evidence(evidence) if evidence else '<p class="soft">Nothing known of the movies goes with this axis.</p>'
    return f"""<article class="card">
<h3><span class="negative">{_pole_name(axis.negative)}</span><i>axis {axis.number}</i>
<span class="positive">{_pole_name(axis.positive)}</span></h3>
<div class="ends">{_movies(axis.negative)}{_movies(axis.positive)}</div>
{shown}
<p class="chips">{_confidence(axis)}</p>
</article>"""


def _confidence(axis: Axis) -> str:
    least, median = min(axis.matches), float(np.median(axis.matches))
    return (
        f"<b>{escape(axis.confidence.capitalize())}</b> (median |r| {median:.2f}, least {least:.2f}) ·"
        f" {axis.variance_share:.0%} of taste · what is known of the movies explains {axis.r2:.0%} of it,"
        " on movies held out"
    )


def _pole_name(pole: Pole) -> str:
    return escape(pole.name) if pole.name else f'<span class="unnamed">{escape(pole.label)}</span>'


def _movies(pole: Pole) -> str:
    rows = "".join(
        f"<li>{escape(movie.title)}{f' <span class=soft>{movie.year}</span>' if movie.year else ''}</li>"
        for movie in pole.movies
    )
    return f"<ul>{rows}</ul>"


def _evidence(evidence: Sequence[Evidence]) -> str:
    rows = "".join(
        f"<tr><th>{escape(entry.feature)}</th><td>{_bar(entry.r)}</td>"
        f'<td>{entry.r:+.2f} <span class="p">p {_probability(entry.p)}</span></td></tr>'
        for entry in evidence
    )
    return f'<table class="bars">{rows}</table>'


def _bar(value: float) -> str:
    """A bar from the middle to the left or right; 1 is the whole half."""
    length = 50 * min(abs(value), 1)
    left = 50 - length if value < 0 else 50
    side = "negative" if value < 0 else "positive"
    return f'<div class="bar"><span class="{side}" style="left:{left:.1f}%;width:{length:.1f}%"></span></div>'


def _probability(p: float) -> str:
    return "≤ .001" if p <= 0.001 else f"= {p:.3f}".replace("0.", ".")


def _unsteady(axes: Axes) -> str:
    others = [axis for axis in axes.axes if not axis.stable]
    if not others:
        return ""
    rows = "".join(
        f"<tr><td>{axis.number}</td><td>{axis.variance_share:.1%}</td>"
        f"<td>{axis.found_again} of {len(axis.matches)}</td>"
        f"<td>{float(np.median(axis.matches)) if axis.matches else 0:.2f}</td><td>{axis.r2:.0%}</td></tr>"
        for axis in others
    )
    return (
        f"<details{'' if axes.stable else ' open'}><summary>{_count(len(others), 'axis', 'axes')} that did not last"
        '</summary><table class="rest"><tr><th>axis</th><th>of taste</th><th>found again</th><th>median |r|</th>'
        f"<th>explained</th></tr>{rows}</table></details>"
    )


def _taste(model: FittedModel, axes: Axes, user: int) -> str:
    if not axes.stable:
        return ""
    factors = model.factors
    vector = UserVector(factors.user_factors[user], factors.user_bias[user])
    found = tastes(model, axes, vector)
    widest = max(*(abs(one.stars) for one in found), _SMALLEST_SCALE)
    rows = "".join(
        f"<tr><th>{_pole_name(one.axis.negative)}</th><td>{_bar(one.stars / widest)}</td>"
        f"<th>{_pole_name(one.axis.positive)}</th><td>{abs(one.stars):.2f} ★</td></tr>"
        for one in found
    )
    total = float(np.square(vector.factors * trait_spread(factors)).sum()) or 1.0
    share = sum(one.stars**2 for one in found) / total
    name = escape(str(factors.user_ids.values[user]))
    return f"""<section><h2>The taste of user {name}</h2>
<p>Read from {int(factors.user_counts[user]):,} ratings. A bar points to the end that this person prefers; its number
is by how many stars a typical step towards that end moves the predicted rating. These axes hold
{share:.0%} of the taste.</p>
<table class="bars taste">{rows}</table></section>"""


def _method(axes: Axes) -> str:
    if not axes.axes:
        return ""
    return f"""<details><summary>How this was found</summary>
<p>The factors of a model can be turned at will without changing a prediction. LatentLens turns them to the directions
in which movies differ most, each movie counting as often as it was rated. The same fit is then repeated from other
random numbers; an axis is steady if more than half of these refits have one whose movies correlate with it by .9 or
more.</p>
<p>Only steady axes are compared with what is known of the movies ({axes.n_features:,} genres, tags, year, number of
ratings). What is shown stays below p = .05 after correction for all comparisons at once (Westfall &amp; Young 1993); an
end is named only by genres and tags that are there, not by those that are missing. “Explained” is the share of an axis
that a ridge regression on all of them predicts for movies it has not seen.</p></details>"""


def _count(n: int, one: str, many: str) -> str:
    return f"{_word(n)} {one if n == 1 else many}"


def _word(n: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if n < len(words) else str(n)
