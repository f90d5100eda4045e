"""Settings: what there is, what is allowed, and where they are read from."""
