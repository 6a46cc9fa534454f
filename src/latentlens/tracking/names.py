"""What the project calls things in MLflow."""

EXPERIMENT = "LatentLens-SVD-Evaluation"
REGISTERED_MODEL = "latentlens"
CHAMPION = "champion"
# A tag of the registered model: what was promoted when, as JSON.
PROMOTIONS = "promotions"
# The folder of LatentLens' own parts, below the artifacts of the MLflow model.
PARTS = "latentlens"
