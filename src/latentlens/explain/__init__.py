"""Why: what a score is made of, which ratings it comes from, and what the axes mean."""

from latentlens.explain.axes import Axes, axes_of
from latentlens.explain.explanation import Explainer, Explanation, explain
from latentlens.explain.words import sentences

__all__ = ["Axes", "Explainer", "Explanation", "axes_of", "explain", "sentences"]
