"""What predicts: configurations whose `fit` returns a frozen fitted model, and that model on disk."""
