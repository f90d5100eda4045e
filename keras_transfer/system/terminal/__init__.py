"""What is shown on a terminal, and in files that are read there: safe text and tables."""
