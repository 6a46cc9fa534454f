"""What requests for reasons carry and their answers hold, each with an example for /docs.

`explain.in_json` fills them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from latentlens.serving.examples import example

_REASON = {"movie_id": 27, "title": "Harbour Lights", "rating": 5.0, "stars": 0.21}
_BECAUSE = {"movie_id": 27, "title": "Harbour Lights", "rating": 5.0, "adds": 0.04}
_PLACE = {
    "score": 0.31,
    "for_everybody": 0.19,
    "reasons_for": [_BECAUSE],
    "reasons_against": [],
    "other_ratings": 0.08,
}
_WITHOUT = {
    "movie_id": 27,
    "title": "Harbour Lights",
    "rating": 5.0,
    "score": 4.1,
    "rank": 37,
    "text": "Without your 5 stars for Harbour Lights it drops from rank 3 to rank 37.",
}
_AXIS_SHARE = {"axis": 1, "name": "Family ↔ Crime", "taste": 1.2, "trait": 0.4, "stars": 0.48}
_POLE_MOVIE = {"movie_id": 27, "title": "Harbour Lights", "year": 1974, "trait": 1.3, "n_ratings": 120}
_AXIS = {
    "axis": 1,
    "name": "Family ↔ Crime",
    "negative": "Family",
    "positive": "Crime",
    "confidence": "steady: found again in 5 of 5 refits",
    "variance_share": 0.42,
    "r2": 0.8,
}


class ExplainQuery(BaseModel):
    """How much an explanation tells."""

    model_config = ConfigDict(extra="forbid")

    n_reasons: Annotated[int, Field(ge=0, le=100, description="How many reasons for, and how many against.")] = 5
    without: Annotated[
        bool, Field(description="Also tell the movie's rank, and what it would be without each of these ratings.")
    ] = False


class ReasonReply(BaseModel):
    """One of the user's own ratings, and what it adds to a score."""

    model_config = ConfigDict(json_schema_extra=example(**_REASON))

    movie_id: int | str
    title: str
    rating: float
    stars: Annotated[float, Field(description="Stars that this rating adds to the score; below 0 it takes them.")]


class BecauseReply(BaseModel):
    """One of the user's own ratings, and what it adds to the score that orders the list."""

    model_config = ConfigDict(json_schema_extra=example(**_BECAUSE))

    movie_id: int | str
    title: str
    rating: float
    adds: Annotated[float, Field(description="In the units of that score: stars where the predicted rating orders.")]


class PlaceReply(BaseModel):
    """Why a movie stands where it does in a list that something else than the predicted rating orders.

    score = for_everybody + what both lists of reasons add + other_ratings.
    """

    model_config = ConfigDict(json_schema_extra=example(**_PLACE))

    score: Annotated[float, Field(description="What orders the list.")]
    for_everybody: float
    reasons_for: list[BecauseReply]
    reasons_against: list[BecauseReply]
    other_ratings: float


class MoveReply(BaseModel):
    """What steering along one axis added to a score."""

    model_config = ConfigDict(json_schema_extra=example(axis=1, name="Family ↔ Crime", stars=0.3))

    axis: int
    name: str | None
    stars: float


class AxisShareReply(BaseModel):
    """What one axis adds to a score: taste x trait."""

    model_config = ConfigDict(json_schema_extra=example(**_AXIS_SHARE))

    axis: Annotated[int, Field(description="Counted from 1; /axes tells what is known of it.")]
    name: str | None
    taste: float
    trait: float
    stars: float


class WithoutReply(BaseModel):
    """What would be if the user had not given one rating."""

    model_config = ConfigDict(json_schema_extra=example(**_WITHOUT))

    movie_id: int | str
    title: str
    rating: float
    score: float
    rank: int
    text: str


class ExplainReply(BaseModel):
    """Everything behind one score.

    score = global_mean + user_bias + movie_bias + the stars of `axes` + other_axes; and
    user_bias + all axes = the stars of both lists of reasons + other_ratings.
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            user_id=1,
            movie_id=314,
            title="The Silent Harbour",
            text="The Silent Harbour: 4.37 stars predicted. The average rating is 3.50; ...",
            predicted_rating=4.37,
            score=4.37,
            given=3.5,
            global_mean=3.5,
            user_bias=0.1,
            movie_bias=0.25,
            axes=[_AXIS_SHARE],
            other_axes=0.04,
            n_ratings=96,
            reasons_for=[_REASON],
            reasons_against=[],
            other_ratings=0.41,
            place=_PLACE,
            rank=3,
            without=[_WITHOUT],
            model_version=3,
        )
    )

    user_id: int | str
    movie_id: int | str
    title: str
    text: Annotated[str, Field(description="The explanation in plain language.")]
    predicted_rating: float
    score: Annotated[float, Field(description="The prediction before it is kept within the scale.")]
    given: Annotated[float | None, Field(description="The user's own rating of the movie, if there is one.")]
    global_mean: float
    user_bias: float
    movie_bias: float
    axes: Annotated[list[AxisShareReply], Field(description="The axes that are described, the strongest first.")]
    other_axes: float
    n_ratings: Annotated[int, Field(description="Ratings of the user that the score comes from.")]
    reasons_for: list[ReasonReply]
    reasons_against: list[ReasonReply]
    other_ratings: float
    place: Annotated[
        PlaceReply | None, Field(description="Why it is listed where it is; null where the predicted rating orders.")
    ]
    rank: Annotated[int | None, Field(description="Place in the user's list, 1 being the best; only if asked.")]
    without: list[WithoutReply] | None
    model_version: int


class TasteReply(BaseModel):
    """What a user likes on one axis."""

    model_config = ConfigDict(
        json_schema_extra=example(axis=1, name="Family ↔ Crime", prefers="Crime", taste=1.2, stars=0.5)
    )

    axis: int
    name: str | None
    prefers: Annotated[str, Field(description="The end that the user likes better: its name, or a movie like it.")]
    taste: float
    stars: Annotated[float, Field(description="What a typical step towards the positive end does to a prediction.")]


class TastesReply(BaseModel):
    """A user's taste on the steady axes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            user_id=1,
            model_version=3,
            tastes=[{"axis": 1, "name": "Family ↔ Crime", "prefers": "Crime", "taste": 1.2, "stars": 0.5}],
        )
    )

    user_id: int | str
    model_version: int
    tastes: list[TasteReply]


class AxisReply(BaseModel):
    """What an axis is, in short."""

    model_config = ConfigDict(json_schema_extra=example(**_AXIS))

    axis: int
    name: Annotated[str | None, Field(description="None unless a name was earned: see docs/explanations.md.")]
    negative: Annotated[str, Field(description="The end below 0: its name, or a movie as an example.")]
    positive: str
    confidence: str
    variance_share: Annotated[float, Field(description="Of what taste adds to all scores, 0 to 1.")]
    r2: Annotated[float, Field(description="Share of it that genres, tags and years explain on movies held out.")]


class AxesReply(BaseModel):
    """The leading axes of the served model, the largest first."""

    model_config = ConfigDict(json_schema_extra=example(model_version=3, axes=[_AXIS]))

    model_version: int
    axes: list[AxisReply]


class EvidenceReply(BaseModel):
    """Something known of the movies that goes with an axis beyond chance."""

    model_config = ConfigDict(json_schema_extra=example(feature="Crime", kind="genre", r=0.71, p=0.001))

    feature: str
    kind: str
    r: Annotated[float, Field(description="Correlation; above 0 at the positive end.")]
    p: Annotated[float, Field(description="Corrected for all features and axes that were tried.")]


class PoleMovieReply(BaseModel):
    """A well-known movie near an end of an axis."""

    model_config = ConfigDict(json_schema_extra=example(**_POLE_MOVIE))

    movie_id: int | str
    title: str
    year: int | None
    trait: float
    n_ratings: int


class AxisCardReply(AxisReply):
    """Everything that is known of an axis."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_AXIS,
            matches=[0.99, 0.98, 0.99, 0.97, 0.99],
            evidence=[{"feature": "Crime", "kind": "genre", "r": 0.71, "p": 0.001}],
            negative_movies=[],
            positive_movies=[_POLE_MOVIE],
            model_version=3,
        )
    )

    matches: Annotated[list[float], Field(description="|r| with the same axis in each refit from other numbers.")]
    evidence: list[EvidenceReply]
    negative_movies: list[PoleMovieReply]
    positive_movies: list[PoleMovieReply]
    model_version: int
