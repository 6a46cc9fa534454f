"""`python -m latentlens`."""

from latentlens.cli import main

main()
