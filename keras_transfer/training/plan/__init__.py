"""What is decided before the long work: strategies, `auto` settings, checks, an estimate."""
