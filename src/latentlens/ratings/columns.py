"""The one name of each column, inside the project."""

USER = "user_id"
MOVIE = "movie_id"
RATING = "rating"
TIMESTAMP = "timestamp"
