"""Which networks there are: facts of each by name, before any is built."""
