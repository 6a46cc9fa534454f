"""An explanation in plain language."""

from __future__ import annotations

from collections.abc import Sequence

from latentlens.explain.explanation import Explanation, Reason, Without


def sentences(explanation: Explanation) -> str:
    """Tell whoever is given the score where it comes from: two to four sentences, stars with two decimals."""
    whole, tastes = explanation.parts, float(explanation.parts.axes.sum())
    said = [
        f"{explanation.title}: {explanation.predicted_rating:.2f} stars predicted.",
        f"The average rating is {whole.global_mean:.2f}; this movie is rated {_more(whole.movie_bias)} than others,"
        f" you rate {_more(whole.user_bias)} than others, and your tastes {_add(tastes)}.",
    ]
    if explanation.reasons_for:
        said.append(f"For it: {_listed(explanation.reasons_for)}.")
    if explanation.reasons_against:
        said.append(f"Against it: {_listed(explanation.reasons_against)}.")
    return " ".join(said)


def because(reasons: Sequence[Reason]) -> str:
    """Give the reasons for a movie of a list in a line."""
    return f"because {_listed(reasons)}" if reasons else "none of your ratings speaks for it"


def what_if(without: Without, rank: int) -> str:
    """Tell what one rating does to a movie that now has this rank."""
    change = "it stays at" if without.rank == rank else "it drops" if without.rank > rank else "it rises"
    place = f" rank {rank}" if without.rank == rank else f" from rank {rank} to rank {without.rank}"
    return f"Without your {_stars(without.rating)} for {without.title} {change}{place}."


def _listed(reasons: Sequence[Reason]) -> str:
    return "; ".join(
        f"you gave {reason.title} {_stars(reason.rating)} ({reason.contribution:+.2f})" for reason in reasons
    )


def _stars(rating: float) -> str:
    return "1 star" if rating == 1 else f"{rating:g} stars"


def _more(stars: float) -> str:
    return f"{abs(stars):.2f} {'higher' if stars >= 0 else 'lower'}"


def _add(stars: float) -> str:
    return f"{'add' if stars >= 0 else 'take'} {abs(stars):.2f}"
