"""What tests in a browser share."""

from __future__ import annotations

import os

# Where the pictures of docs/ are renewed, if the variable names a folder.
PICTURES = os.environ.get("LATENTLENS_PICTURES")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Bytes; docs/ stays light.
LARGEST_PICTURE = 200_000
