"""What orders a list: the predicted rating, the number of ratings, or what was learned from who rated what."""
