"""What the command line and a notebook share: prepare, train, serve a list."""
