"""Labelled examples as training takes them."""

from keras_transfer.data.examples import check_examples
from keras_transfer.data.sources.choose_source import read_examples


def load_examples(dataset, config):
    """List the labelled images of a data set and check that there are enough."""
    return check_examples(read_examples(dataset, config), config)
