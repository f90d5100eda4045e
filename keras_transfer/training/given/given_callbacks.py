"""Given callbacks: told of a phase as if the whole model were fitted, all phases in a row."""

import logging
from collections.abc import Sequence
from typing import Any

import keras

from keras_transfer.training.progress.training_progress import Progress

logger = logging.getLogger(__name__)

HOOKS = (
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_train_begin",
    "on_train_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_test_begin",
    "on_test_end",
)


class TellGiven(keras.callbacks.Callback):
    """Tell given callbacks what Keras tells this one.

    Their `model` is the whole model, whichever part of it a phase fits; its `optimizer` is the
    phase's, and its `stop_training` ends the phase. Epochs are counted through all phases, and
    `params["phase"]` names the one under way.

    Args:
        callbacks: The given ones.
        whole: From images to probabilities, compiled like the part that is fitted; what is saved
            of it holds no compiled state, so that it opens where this package is not installed.
        progress: Of the phase, which is about to begin or to go on.
    """

    def __init__(self, callbacks: Sequence[Any], whole: keras.Model, progress: Progress) -> None:
        super().__init__()
        self.callbacks, self.whole, self.phase = callbacks, whole, progress.phase
        self.earlier = progress.number - progress.epoch  # epochs of the phases before
        self.stops = False  # whether one of them has ended the phase
        whole.get_compile_config = lambda: None
        if progress.number:
            for each in callbacks:
                if isinstance(each, keras.callbacks.CSVLogger):
                    each.append = True  # or it would empty the file of the epochs before

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand on what Keras says of the training."""
        super().set_params(params)
        told = {**params, "epochs": self.earlier + params["epochs"], "phase": self.phase}
        for each in self.callbacks:
            each.set_params(told)

    def set_model(self, model: keras.Model) -> None:
        """Take the part that is fitted; give the whole."""
        super().set_model(model)
        for each in self.callbacks:
            each.set_model(self.whole)

    def tell(self, hook: str, *words: Any) -> None:
        """Call a hook of each; what they do to the logs is theirs, what they stop is stopped."""
        *index, logs = words
        if hook.startswith("on_epoch"):
            index = [index[0] + self.earlier]
        logs = dict(logs or {})
        self.whole.stop_training = before = self.model.stop_training
        for each in self.callbacks:
            getattr(each, hook)(*index, logs)
        self.model.stop_training = self.whole.stop_training
        self.stops = self.stops or (self.model.stop_training and not before)
        if self.stops and hook == "on_train_end":
            logger.info("A callback asked for it: the phase stops here")


def _hand_on(hook: str) -> Any:
    def call(self: TellGiven, *words: Any, **named: Any) -> None:
        self.tell(hook, *words, *named.values())

    return call


for _hook in HOOKS:
    setattr(TellGiven, _hook, _hand_on(_hook))
