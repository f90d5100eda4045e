"""Metrics and figures from the files of a run; needs neither Keras nor TensorFlow."""
