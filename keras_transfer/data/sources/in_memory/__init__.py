"""Data sets that Python code holds: what they are, and the labels.csv that stands for each."""
