"""Whether the files of a data set are still those that were inspected, and which are not."""
