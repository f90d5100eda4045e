"""What `dataset` may be in Python, as the words that the program reads."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from keras_transfer.system.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")


def name_dataset(dataset: Any) -> str:
    """Return the word or path that `--dataset` takes for a data set.

    Raises:
        ConfigError: It is nothing that images with labels can be read from.
    """
    if isinstance(dataset, str | os.PathLike):
        return os.fspath(dataset)
    raise ConfigError(
        "`dataset` must be a folder, a labels.csv, tfds:NAME or digits. "
        f"Received: {repr(dataset)[:100]}."
    )


def naming_dataset(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function whose argument `dataset` may be all that `name_dataset` takes."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> R:
        bound = signature.bind(*arguments, **keywords)
        if bound.arguments.get("dataset") is not None:
            bound.arguments["dataset"] = name_dataset(bound.arguments["dataset"])
        return function(*bound.args, **bound.kwargs)

    return call
