"""What is true of any data set: examples, sources, splits, the order of batches."""
