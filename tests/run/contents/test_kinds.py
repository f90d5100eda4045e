"""The words that files of a run may hold are those that the program knows."""

from typing import get_args, get_type_hints

from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.models.cuts import POOLED, frontier
from keras_transfer.run.contents import kinds


def test_splits_are_those_of_the_program():
    assert get_args(kinds.Split) == SPLITS


def test_arrays_are_named_as_the_activation_cache_names_them():
    names = {f"{split}_{cut.name}" for split in ("train", "validation", "target") for cut in CUTS}
    assert {*get_args(kinds.ArrayName)} == names


def test_weights_are_of_the_kinds_that_are_found():
    words = {*get_args(get_type_hints(kinds.PlannedWeights)["kind"])}
    assert words == {*map(str, WeightsWord)} - {"auto"} | {"file"}


CUTS = (POOLED, frontier(3))
