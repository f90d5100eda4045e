"""Networks of users' own files: what may be built of one, its graph without its head, its row."""
