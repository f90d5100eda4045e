"""Images within tar shards, which are read like files where they lie."""
