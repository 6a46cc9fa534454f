"""`up`: MLflow and the API as child processes, started in order, watched, stopped cleanly."""
