"""Compiled loops (numba). Each says which layout of `ratings/layouts.py` it takes."""
