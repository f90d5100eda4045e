"""What is said about a run, in words and tables."""
