"""Parts of a training that are Python objects: they travel beside the settings, never in YAML.

Nothing here imports Keras: whoever gives an object of it has loaded it.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_transfer.system.errors import ConfigError

# Callbacks of Keras that would undo what the program does itself, and what does it here.
REFUSED: Mapping[str, str] = {
    "BackupAndRestore": "An interrupted run goes on with resume=RUN",
    "LearningRateScheduler": "The rates of all steps are planned: set optimizer.schedule",
    "ReduceLROnPlateau": "The rates of all steps are planned: set optimizer.schedule",
    "SwapEMAWeights": "Averages of the weights are tried after each epoch: set optimizer.ema",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenParts:
    """What Python code puts in the place of parts of the program, or beside them."""

    callbacks: Sequence[Any] = ()
    """Keras callbacks, told of every phase after the program's own."""
    augmentation: Any = None
    """A Keras layer, or a function (image, seed) -> image: it makes the views."""
    head: Any = None
    """A function or Keras layer, features -> tensor: the layers below the softmax."""
    loss: Any = None
    """A name, a Keras loss, or a function (labels, probabilities) -> loss."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "callbacks", _list_callbacks(self.callbacks))

    def names(self) -> dict[str, str]:
        """Return what each given part is called, in words that stay the same when it is resumed."""
        found = {"callbacks": ", ".join(type(each).__name__ for each in self.callbacks)}
        for kind in ("augmentation", "head", "loss"):
            if (part := getattr(self, kind)) is not None:
                found[kind] = name_part(part)
        return {kind: name for kind, name in found.items() if name}

    def warnings(self) -> Iterator[str]:
        """Yield what a user must know of the given parts before a training begins, in lines."""
        names = self.names()
        if "callbacks" in names:
            yield (
                f"Callbacks {names['callbacks']}: what they know is not kept; where the run is "
                "resumed, they begin anew"
            )


def name_part(part: Any) -> str:
    """Return what a layer, a loss or a function is called."""
    if isinstance(part, str):
        return part
    if is_keras("losses", "Loss", part):
        config = {k: v for k, v in part.get_config().items() if k not in PLAIN_WORDS}
        words = ", ".join(f"{name}={value!r}" for name, value in sorted(config.items()))
        return f"{type(part).__name__}({words})"
    if is_keras("layers", "Layer", part):
        inner = [type(each).__name__ for each in getattr(part, "layers", ())]
        return f"{type(part).__name__}({', '.join(inner)})" if inner else type(part).__name__
    while isinstance(part, functools.partial):
        part = part.func
    return str(getattr(part, "__name__", type(part).__name__))


PLAIN_WORDS = ("name", "reduction", "dtype")  # of a loss


def is_keras(module: str, name: str, value: Any) -> bool:
    """Return whether a value is an instance of a class of Keras, such as `layers`, `Layer`."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, getattr(getattr(keras, module), name))


def count_arguments(function: Callable[..., Any]) -> int | None:
    """Return how many arguments a function can be given by position; None: nobody can say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C
        return None
    kinds = [each.kind for each in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(kind in by_position for kind in kinds)


def _list_callbacks(callbacks: Any) -> tuple[Any, ...]:
    """Return the callbacks as a tuple.

    Raises:
        ConfigError: One is no Keras callback, or one of `REFUSED`.
    """
    found = tuple(callbacks) if isinstance(callbacks, Sequence) else (callbacks,)
    for each in () if callbacks is None else found:
        if not is_keras("callbacks", "Callback", each):
            hint = f"Did you mean {each.__name__}()?" if isinstance(each, type) else ""
            said = each.__name__ if isinstance(each, type) else repr(each)
            raise ConfigError(
                "`callbacks` must be Keras callbacks, such as keras.callbacks.CSVLogger('a.csv'). "
                f"Received: {said}. {hint or 'Derive a class from keras.callbacks.Callback.'}"
            )
        for kind in type(each).__mro__:
            if kind.__name__ in REFUSED and kind.__module__.startswith("keras."):
                raise ConfigError(
                    f"`callbacks` must leave alone what the program does itself. Received: "
                    f"{type(each).__name__}. {REFUSED[kind.__name__]}."
                )
    return () if callbacks is None else found
