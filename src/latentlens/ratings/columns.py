"""The one name of each column, inside the project."""

USER = "user_id"
MOVIE = "movie_id"
RATING = "rating"
TIMESTAMP = "timestamp"
# Of the files of tags beside the ratings.
TAG = "tag"
TAG_ID = "tag_id"
RELEVANCE = "relevance"
