"""MLflow: the server, the runs, the registered models. The only package that imports mlflow."""

import os

# What MLflow says on success (a link per run, each step of a registration) the callers say in their own words.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# Nothing of what is done here leaves the machine unasked. And where MLflow's thread gives up on its network, it changes
# the environment while a request may be reading it, which then fails.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
