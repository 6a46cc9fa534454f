"""LatentLens: movie ratings in, a recommender that says why out."""
