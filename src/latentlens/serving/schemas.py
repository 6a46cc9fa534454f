"""What requests carry and answers hold, each with an example for /docs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from latentlens.explain.steering import MAX_OFFSET
from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.examples import example
from latentlens.serving.why import BecauseReply, MoveReply

MAX_RATINGS = 1000

Id = Annotated[StrictInt | Annotated[StrictStr, Field(max_length=256)], Field(description="An id as the data has it.")]
Count = Annotated[int, Field(ge=1, le=100, description="How many movies to list, at most.")]
Explain = Annotated[bool, Field(description="Name the ratings that speak most for each movie.")]
Year = Annotated[int, Field(ge=1, le=9999)]


_MOVIE = {
    "movie_id": 314,
    "title": "The Silent Harbour",
    "genres": ["Drama", "Mystery"],
    "year": 1974,
    "n_ratings": 120,
}
_RECOMMENDED = {**_MOVIE, "predicted_rating": 4.37}


class MovieFilters(BaseModel):
    """Which movies may be listed. Unknown parameters are refused: a misspelt filter must not pass in silence."""

    model_config = ConfigDict(extra="forbid")

    genre: Annotated[str | None, Field(max_length=100, description="Only this genre; case is ignored.")] = None
    year_from: Annotated[Year | None, Field(description="Only movies of this year or later.")] = None
    year_to: Annotated[Year | None, Field(description="Only movies of this year or earlier.")] = None

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.year_from is not None and self.year_to is not None and self.year_from > self.year_to:
            raise ValueError(f"year_from {self.year_from} is after year_to {self.year_to}: exchange them")
        return self


class RecommendQuery(MovieFilters):
    """Parameters of a list for a user."""

    n: Count = 10
    cold_start: Annotated[
        Literal["popular", "error"],
        Field(description="For a user the model does not know: the popular list, or a 404."),
    ] = "popular"
    explain: Explain = False


class SearchQuery(MovieFilters):
    """Parameters of a search for movies."""

    query: Annotated[str, Field(max_length=200, description="Part of a title; case is ignored.")] = ""
    limit: Annotated[int, Field(ge=1, le=100, description="How many movies a page holds, at most.")] = 20
    offset: Annotated[int, Field(ge=0, le=1_000_000, description="How many movies to skip.")] = 0


class PredictQuery(BaseModel):
    """A user and a movie."""

    model_config = ConfigDict(extra="forbid")

    user_id: Annotated[str, Field(max_length=256, examples=["1"])]
    movie_id: Annotated[str, Field(max_length=256, examples=["314"])]


class SimilarQuery(BaseModel):
    """Parameters of a list of similar movies."""

    model_config = ConfigDict(extra="forbid")

    n: Count = 10


class GivenRating(BaseModel):
    """One rating of someone whom the model need not know."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(movie_id=314, rating=4.5))

    movie_id: Id
    rating: Annotated[float, Field(strict=True, allow_inf_nan=False, description="Within the scale that /model tells.")]


class Steer(BaseModel):
    """More of one end of an axis."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(toward="Crime", offset=1.5))

    toward: Annotated[
        StrictInt | Annotated[StrictStr, Field(max_length=256)],
        Field(description="An axis by its number (its positive end), or an end by its name: /axes lists them."),
    ]
    offset: Annotated[
        float,
        Field(ge=-MAX_OFFSET, le=MAX_OFFSET, description="In standard deviations of people's tastes; below 0 away."),
    ]


class RatingsBody(MovieFilters):
    """Ratings of someone whom the model need not know, and what to list for them."""

    model_config = ConfigDict(
        json_schema_extra=example(
            ratings=[{"movie_id": 314, "rating": 4.5}, {"movie_id": 27, "rating": 2.0}], n=10, year_from=1960
        )
    )

    ratings: Annotated[list[GivenRating], Field(min_length=1, max_length=MAX_RATINGS)]
    n: Count = 10
    explain: Explain = False
    steer: Annotated[list[Steer], Field(max_length=10, description="Moves the list along axes.")] = []

    @model_validator(mode="after")
    def _each_movie_once(self) -> Self:
        seen: set[int | str] = set()
        for given in self.ratings:
            if given.movie_id in seen:
                raise ValueError(f"movie {given.movie_id!r} is rated twice: send each movie once")
            seen.add(given.movie_id)
        return self


class Movie(BaseModel):
    """A movie of the catalogue."""

    model_config = ConfigDict(json_schema_extra=example(**_MOVIE))

    movie_id: int | str
    title: str
    genres: list[str]
    year: int | None
    n_ratings: Annotated[int, Field(description="How many ratings stand behind the movie.")]

    @classmethod
    def of(cls, model: FittedModel, item: int) -> Movie:
        """Present the movie with this index."""
        return Movie(
            movie_id=model.factors.item_ids.values[item].item(),
            title=model.catalogue.titles[item],
            genres=model.catalogue.genres_of(item),
            year=model.catalogue.year_of(item),
            n_ratings=int(model.factors.item_counts[item]),
        )


class RecommendedMovie(Movie):
    """A movie of a list, with the rating that is expected."""

    model_config = ConfigDict(json_schema_extra=example(**_RECOMMENDED))

    predicted_rating: float
    because: Annotated[list[BecauseReply] | None, Field(description="Only with `explain`.")] = None
    rank_before: Annotated[int | None, Field(description="Rank without steering; only with `steer`.")] = None
    moved: Annotated[list[MoveReply] | None, Field(description="What steering added; only with `steer`.")] = None


class SimilarMovie(Movie):
    """A movie and how alike it is."""

    model_config = ConfigDict(json_schema_extra=example(**_MOVIE, similarity=0.91, both=["Crime, Thriller"]))

    similarity: Annotated[float, Field(description="Cosine of the two movies' factors, -1 to 1.")]
    both: Annotated[list[str], Field(description="Ends of named axes that both movies are near.")]


class RecommendReply(BaseModel):
    """The best movies for a user, best first."""

    model_config = ConfigDict(
        json_schema_extra=example(user_id=1, strategy="personal", model_version=3, recommendations=[_RECOMMENDED])
    )

    user_id: int | str
    strategy: Annotated[
        Literal["personal", "popular"],
        Field(description="`popular`: the most rated movies, because the model has no taste to go by."),
    ]
    model_version: int
    recommendations: list[RecommendedMovie]


class FoldedInReply(BaseModel):
    """The best movies for someone with the ratings sent, best first."""

    model_config = ConfigDict(
        json_schema_extra=example(strategy="folded_in", model_version=3, ignored=[27], recommendations=[_RECOMMENDED])
    )

    strategy: Annotated[
        Literal["folded_in", "steered", "popular"],
        Field(
            description="`steered`: an average viewer, steered; `popular`: the most rated movies, for want of a taste."
        ),
    ]
    model_version: int
    ignored: Annotated[list[int | str], Field(description="Rated movies that the model does not know.")]
    recommendations: list[RecommendedMovie]


class PredictReply(BaseModel):
    """The rating that is expected; what is not known of user or movie is replaced by the average."""

    model_config = ConfigDict(
        json_schema_extra=example(
            user_id=1, movie_id=314, predicted_rating=4.37, user_known=True, movie_known=True, model_version=3
        )
    )

    user_id: int | str
    movie_id: int | str
    predicted_rating: float
    user_known: bool
    movie_known: bool
    model_version: int


class SimilarReply(BaseModel):
    """The movies most like one movie, most alike first."""

    model_config = ConfigDict(
        json_schema_extra=example(
            movie_id=27, model_version=3, similar=[{**_MOVIE, "similarity": 0.91, "both": ["Crime, Thriller"]}]
        )
    )

    movie_id: int | str
    model_version: int
    similar: list[SimilarMovie]


class MoviesReply(BaseModel):
    """One page of the movies that match, most rated first."""

    model_config = ConfigDict(json_schema_extra=example(total=1, offset=0, model_version=3, movies=[_MOVIE]))

    total: Annotated[int, Field(description="How many movies match in all.")]
    offset: int
    model_version: int
    movies: list[Movie]


class DataReply(BaseModel):
    """The data set that a model was trained on."""

    model_config = ConfigDict(json_schema_extra=example(name="demo", sha256="9f86d081884c7d659a2f..."))

    name: str | None
    sha256: str | None


_FINDING = {
    "code": "LL003",
    "title": "popularity bias",
    "seen": "Listed movies have 2.02 times the ratings of those that the same users rated.",
    "advice": "Lists are more popular than tastes: see whether another model covers more (latentlens compare).",
    "see": "docs/findings.md#ll003",
}


class FindingReply(BaseModel):
    """What figures of the run mean, in plain language."""

    model_config = ConfigDict(json_schema_extra=example(**_FINDING))

    code: str
    title: str
    seen: Annotated[str, Field(description="The figures.")]
    advice: Annotated[str, Field(description="What to do.")]
    see: Annotated[str, Field(description="Where it is explained.")]


class ModelReply(BaseModel):
    """The served model, for the audit."""

    model_config = ConfigDict(
        json_schema_extra=example(
            model_version=3,
            run_id="0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            recommender="surprise_svd",
            ranks_by="factors",
            params={"n_factors": 150, "n_epochs": 20},
            metrics={"rmse": 0.857, "mae": 0.658, "bias_rmse": 0.873},
            findings=[_FINDING],
            data={"name": "demo", "sha256": "9f86d081884c7d659a2f..."},
            is_champion=True,
            hides_newer_version=4,
            problem="Version 5 of latentlens is refused: item_bias.npy is damaged.",
            served_since="2025-01-31T12:00:00Z",
            n_users=1000,
            n_movies=1200,
            n_factors=150,
            n_ratings=80000,
            scale=[0.5, 5.0],
        )
    )

    model_version: int
    run_id: str
    recommender: str
    ranks_by: Annotated[
        str,
        Field(
            description="What orders lists: score (the predicted rating), popularity, factors, implicit, neighbours."
        ),
    ]
    params: dict[str, Any]
    metrics: dict[str, float | None]
    findings: Annotated[list[FindingReply], Field(description="What is to be known before the model is trusted.")]
    data: DataReply
    is_champion: bool
    hides_newer_version: Annotated[
        int | None, Field(description="Newest registered version, where the champion keeps it from being served.")
    ]
    problem: Annotated[
        str | None, Field(description="Why the registry cannot be followed at the moment, or a version was refused.")
    ]
    served_since: datetime
    n_users: Annotated[int, Field(description="Users with ratings that the fit has seen.")]
    n_movies: Annotated[int, Field(description="Movies with ratings that the fit has seen.")]
    n_factors: int
    n_ratings: Annotated[int, Field(description="Ratings that the fit has seen.")]
    scale: Annotated[tuple[float, float], Field(description="Lowest and highest rating.")]


class StatusReply(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra=example(status="ok"))

    status: Literal["ok"] = "ok"


class ReadyReply(BaseModel):
    """A model is served."""

    model_config = ConfigDict(
        json_schema_extra=example(status="ready", model_version=3, registry_unreachable_since="2025-01-31T12:00:00Z")
    )

    status: Literal["ready"] = "ready"
    model_version: int
    registry_unreachable_since: Annotated[
        datetime | None, Field(description="Since when MLflow cannot be asked for a newer model; null while it can.")
    ]


class WelcomeReply(BaseModel):
    """Where to go from here."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="LatentLens", version="1.0", docs="/docs", model="/model", example="/recommend/1"
        )
    )

    name: str = "LatentLens"
    version: str
    docs: str = "/docs"
    model: str = "/model"
    example: str = "/recommend/1"
