"""ADAPTATIONS: ways to bring two domains together. Nothing here imports Keras or TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.system.errors import ConfigError

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the Gaussian kernels, in mean squared distances


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """One way to bring two domains together."""

    statistics: Literal["none", "features", "batch_norm"] = "none"
    """What of the model each domain has its own numbers for."""
    domain_loss: Literal["none", "mean_discrepancy", "covariances", "discriminator"] = "none"
    """What is trained beside the classes, while features learn."""
    strength: float = 1.0
    """What `adapt.strength` auto is; without effect where there is no domain loss."""


# Strengths: benchmarks/README.md, digits. A discriminator of strength 1 did harm there.
ADAPTATIONS: Mapping[str, Adaptation] = {
    "none": Adaptation(),
    # Sun, Feng and Saenko 2016, Return of frustratingly easy domain adaptation, without whitening
    "align": Adaptation(statistics="features"),
    # Li et al. 2016, Revisiting batch normalization for practical domain adaptation
    "adabn": Adaptation(statistics="batch_norm"),
    # Long et al. 2015, Learning transferable features with deep adaptation networks
    "mmd": Adaptation(domain_loss="mean_discrepancy", strength=1.0),
    # Sun and Saenko 2016, Deep CORAL: correlation alignment for deep domain adaptation
    "coral": Adaptation(domain_loss="covariances", strength=100.0),
    # Ganin et al. 2016, Domain-adversarial training of neural networks
    "dann": Adaptation(domain_loss="discriminator", strength=0.1),
}


def find_adaptation(config: TrainConfig) -> Adaptation:
    """Return the row that settings ask for: none where they name no other domain."""
    return ADAPTATIONS[config.adapt.method if config.adapt.target else "none"]


def find_strength(config: TrainConfig) -> float:
    """Return the weight of the domain loss once it has risen."""
    strength = config.adapt.strength
    return find_adaptation(config).strength if isinstance(strength, str) else strength


def check_adaptation(config: TrainConfig, boundaries: Sequence[int | None] = (0,)) -> None:
    """Raise a `ConfigError` where features never learn that a method is to make alike.

    Args:
        config: The strategy may be auto still.
        boundaries: Freeze boundary of each phase, once they are planned.
    """
    head_only = config.strategy == "feature_extraction"
    learn = bool(config.head.hidden) if head_only else any(each is not None for each in boundaries)
    if find_adaptation(config).domain_loss != "none" and not learn:
        raise ConfigError(
            f"`adapt.method` {config.adapt.method} needs features that learn: those of the "
            f"backbone, or of a hidden layer. Received: strategy {config.strategy}, in which none "
            "do. Take --adapt.method align or adabn, another strategy, or --strategy "
            "feature_extraction --head.hidden 256."
        )
