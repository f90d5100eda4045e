"""STRATEGIES: named plans of phases. Every way to fine-tune is a list of calls to `fit`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keras_transfer.config import TrainConfig
from keras_transfer.models.backbones import Backbone, find_boundary


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One call to `fit`: what may learn, how fast, for how long."""

    name: str
    epochs: int
    learning_rate: float
    first_learning: int | None = None  # index of the first backbone layer that learns; None: none


def plan_two_phase(config: TrainConfig, boundary: int) -> list[Phase]:
    """Train the head on the locked backbone, then the layers above the freeze boundary as well.

    Args:
        config: Resolved settings: epochs are numbers.
        boundary: Index of the first backbone layer that learns in `finetune`.

    References:
        Chollet 2020, Transfer learning & fine-tuning (the Keras guide).
        Kumar et al. 2022, Fine-tuning can distort pretrained features (head first, then all).
    """
    return [
        Phase(
            name="frozen",
            epochs=int(config.frozen.epochs),
            learning_rate=config.frozen.learning_rate,
        ),
        Phase(
            name="finetune",
            epochs=int(config.finetune.epochs),
            learning_rate=float(config.finetune.learning_rate),
            first_learning=boundary,
        ),
    ]


STRATEGIES: Mapping[str, Callable[[TrainConfig, int], list[Phase]]] = {"two_phase": plan_two_phase}


def plan_phases(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Return the phases of the run that last at least one epoch."""
    boundary = find_boundary(config.backbone, row, config.finetune.locked_layers)
    return [phase for phase in STRATEGIES[config.strategy](config, boundary) if phase.epochs]
