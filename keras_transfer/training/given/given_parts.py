"""Parts of a training that are Python objects: they travel beside the settings, never in YAML.

Nothing here imports Keras: whoever gives an object of it has loaded it.
"""

import dataclasses
import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

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
        _check_callable("augmentation", self.augmentation, ("image", "seed"))
        _check_callable("head", self.head, ("features",))
        if not isinstance(self.loss, str):
            _check_callable("loss", self.loss, ("labels", "probabilities"))

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return settings without what a given part takes the place of.

        Raises:
            ConfigError: One of those was set.
        """
        if self.augmentation is not None:
            config = dataclasses.replace(config, augment=_settle_augment(config.augment))
            if config.cache.reuse:
                raise ConfigError(
                    "`cache.reuse` must be false where an augmentation is given: later runs could "
                    "not tell whose views were kept. Received: true. Leave it out."
                )
        if self.head is not None:
            own = HeadConfig(start="random")
            if config.head not in (own, HeadConfig()):
                raise ConfigError(
                    "The section `head` must be left out where a head is given: it takes the place "
                    f"of its layers. Received: {config.head}."
                )
            config = dataclasses.replace(config, head=own)
        if self.loss is not None and config.optimizer.label_smoothing:
            raise ConfigError(
                "`optimizer.label_smoothing` must be 0 where a loss is given. Received: "
                f"{config.optimizer.label_smoothing:g}. Give it to the loss."
            )
        return config

    def names(self) -> dict[str, str]:
        """Return what each given part is called, in words that stay the same when it is resumed."""
        found = {"callbacks": ", ".join(type(each).__name__ for each in self.callbacks)}
        for kind in ("augmentation", "head", "loss"):
            if (part := getattr(self, kind)) is not None:
                found[kind] = name_part(part)
        return {kind: name for kind, name in found.items() if name}

    def describe(self) -> Iterator[str]:
        """Yield what the given parts mean for the cache and for resuming, in lines."""
        names = self.names()
        if "callbacks" in names:
            yield (
                f"Callbacks: {names['callbacks']}. What they know is not kept: where the run is "
                "resumed, they begin anew."
            )
        if "augmentation" in names:
            yield (
                f"Augmentation: {names['augmentation']}, in the place of augment.preset. Every "
                "epoch has new views, so frozen work is done once with cache.mode on only, and "
                "never kept for later runs."
            )
        for kind in ("head", "loss"):
            if kind in names:
                yield f"{kind.capitalize()}: {names[kind]}."
        if names.keys() - {"callbacks"}:
            yield "To resume the run, give the same parts again, from Python."


def tell_given(given: GivenParts, run: Run) -> None:
    """Log what the given parts mean, and warn where a run began with callbacks and has none now."""
    for line in given.describe():
        logger.info("%s", line)
    began = run.given_parts().get("callbacks")
    if began and not given.callbacks:
        logger.warning("The run began with callbacks %s: it goes on without them", began)


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


def _check_callable(kind: str, given: Any, words: Sequence[str]) -> None:
    """Raise a `ConfigError` unless a part is None, a Keras object, or takes so many arguments."""
    if given is None:
        return
    if isinstance(given, type) or not callable(given):
        said = given.__name__ if isinstance(given, type) else repr(given)
        raise ConfigError(
            f"`{kind}` must be a Keras object or a function ({', '.join(words)}). Received: {said}."
        )
    known = is_keras("layers", "Layer", given) or is_keras("losses", "Loss", given)
    if not known and not _takes(given, len(words)):
        raise ConfigError(
            f"`{kind}` must take {len(words)} arguments ({', '.join(words)}). Received: "
            f"{name_part(given)}{inspect.signature(given)}."
        )


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # written in C: nobody can say
        pass
    return True


def _settle_augment(augment: AugmentConfig) -> AugmentConfig:
    """Return what may go with a given augmentation: mixes of what it makes.

    Raises:
        ConfigError: More is set.
    """
    kept = AugmentConfig(preset="none", mixup=augment.mixup, cutmix=augment.cutmix)
    usual = augment.preset in ("none", AugmentConfig().preset)
    if not usual or dataclasses.replace(augment, preset="none") != kept:
        raise ConfigError(
            "`augment` must hold mixup and cutmix only where an augmentation is given: it takes "
            f"the place of the others. Received: preset {augment.preset} and settings. Put all "
            "changes into the augmentation."
        )
    return kept


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
