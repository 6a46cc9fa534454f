"""Why: what a score is made of, which ratings it comes from, and what the axes mean."""
