"""Pooled features of any images, a batch after the other: of a run's model, or of a backbone."""

import dataclasses
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config.pixels.preparation import Preparation, find_preparation
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import settle_preprocess, tell_network
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow, require_backend

BATCH = 32  # images a call of the network
NAMELESS = ("a", "b")  # the head is not used

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FeatureNetwork:
    """What makes features of images."""

    name: str
    """How it is called: "mobilenetv3small with bundled weights"."""
    image_size: int
    """Side of its input in pixels."""
    preparation: Preparation
    """How an image becomes that square."""
    channels: int
    """Features of an image."""
    forward: Callable[[Any], Any]
    """From images (n, image_size, image_size, 3), float32, to features (n, channels)."""


def choose_weights(config: TrainConfig) -> Weights:
    """Look up the backbone and its weights, before TensorFlow is loaded.

    Raises:
        ConfigError: There is no such backbone, or the weights cannot be had.
    """
    row = find_backbone(config.backbone, anew=True)
    settle_preprocess(config.backbone, row, config.preprocess)
    tell_network(config.backbone, row, config.preprocess)
    return find_weights(config.backbone, row, config.weights)


def open_backbone(config: TrainConfig, weights: Weights) -> FeatureNetwork:
    """Return a backbone as its weights are.

    Args:
        config: Names the backbone, and how images become squares.
        weights: What `choose_weights` returned.

    Raises:
        ConfigError: The weights do not fit.
    """
    if weights.warning:
        logger.warning("%s", weights.warning)
    require_backend()
    import_tensorflow()
    import keras

    from keras_transfer.models.cuts import IMAGES, POOLED, take_part
    from keras_transfer.models.run_model import build_classifier

    size = config.data.image_size or find_backbone(config.backbone).image_size
    data = dataclasses.replace(config.data, image_size=size)
    keras.utils.set_random_seed(config.seed)  # of random weights
    model = build_classifier(dataclasses.replace(config, data=data), NAMELESS, weights)
    said = "random" if weights.kind == "none" else weights.kind
    name = f"{config.backbone} with {'weights of a file' if said == 'file' else f'{said} weights'}"
    return _make_network(name, take_part(model, IMAGES, [POOLED]), config)


def open_run(run: Run, config: TrainConfig) -> FeatureNetwork:
    """Return the network of a finished run up to its pooled features.

    Raises:
        ConfigError: Its model.keras is damaged, or of another kind.
    """
    require_backend()
    import_tensorflow()
    import keras

    from keras_transfer.models.cuts import expose_pooled
    from keras_transfer.models.run_model import load_run_model

    both = expose_pooled(load_run_model(run, config))
    return _make_network(f"run {run.path.name}", keras.Model(both.inputs, both.outputs[-1]), config)


def _make_network(name: str, model: Any, config: TrainConfig) -> FeatureNetwork:
    from keras_transfer.evaluation.inference import trace_forward

    return FeatureNetwork(
        name=name,
        image_size=model.inputs[0].shape[1],
        preparation=find_preparation(config.data),
        channels=model.outputs[0].shape[-1],
        forward=trace_forward(model),
    )


def stream_features(
    network: FeatureNetwork, sources: np.ndarray, modality: Modality
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Yield the features of a batch after the other; no more of the images is held.

    Args:
        network: Makes the features.
        sources: (n,) objects of images, as `Modality.stream` takes them.
        modality: Of the images.

    Yields:
        (b, channels) float32, and b reasons why an image is unusable, "" for the others. What
        stands for an unusable one means nothing.

    Raises:
        ConfigError: A feature is not a number.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's words on odd files, from several threads
        for pixels, reasons in modality.stream(
            sources.tolist(), network.image_size, network.preparation, BATCH
        ):
            features = np.asarray(network.forward(pixels.astype(np.float32)), np.float32)
            if not np.isfinite(features).all():
                raise ConfigError(
                    f"Features must be finite numbers. Received: some of {network.name} that are "
                    "not. Choose other weights, or another run."
                )
            yield features, reasons
