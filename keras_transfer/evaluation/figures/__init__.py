"""A file for each figure; needs neither Keras nor TensorFlow."""
