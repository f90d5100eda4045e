"""The data doctor: what is in every file of a data set."""
