"""Pooled features of any examples, a batch after the other: of a run's model, or of a backbone."""

import dataclasses
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config.pixels.preparation import Preparation, find_preparation
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.data.training_data import ModelInput
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import settle_preprocess, tell_network
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow, require_backend
from keras_transfer.training.plan.backbone_input import find_input

BATCH = 32  # images a call of the network
NAMELESS = ("a", "b")  # the head is not used

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FeatureNetwork:
    """What makes features of images."""

    name: str
    """How it is called: "mobilenetv3small with bundled weights"."""
    taken: ModelInput
    """What it takes: the side of its input in pixels, or token ids."""
    preparation: Preparation
    """How an image becomes that square."""
    channels: int
    """Features of an image."""
    forward: Callable[[Any], Any]
    """From images (n, side, side, 3), float32, or token ids (n, length), int32, to features
    (n, channels)."""


def choose_weights(config: TrainConfig) -> Weights:
    """Look up the backbone and its weights, before TensorFlow is loaded; warn of what stands in.

    Raises:
        ConfigError: There is no such backbone, or the weights cannot be had.
    """
    row = find_backbone(config.backbone, anew=True)
    settle_preprocess(config.backbone, row, config.preprocess)
    tell_network(config.backbone, row, config.preprocess)
    weights = find_weights(config.backbone, row, config.weights)
    if weights.warning:
        logger.warning("%s", weights.warning)
    return weights


def open_backbone(config: TrainConfig, weights: Weights) -> FeatureNetwork:
    """Return a backbone as its weights are.

    Args:
        config: Names the backbone, and how images become squares.
        weights: What `choose_weights` returned.

    Raises:
        ConfigError: The weights do not fit.
    """
    require_backend()
    import_tensorflow()
    import keras

    from keras_transfer.models.cuts import IMAGES, POOLED, take_part
    from keras_transfer.models.run_model import build_classifier

    row = find_backbone(config.backbone)
    size = config.data.image_size or row.image_size or None  # texts have none
    data = dataclasses.replace(config.data, image_size=size)
    keras.utils.set_random_seed(config.seed)  # of random weights
    model = build_classifier(dataclasses.replace(config, data=data), NAMELESS, weights)
    taken = find_input(row, weights)
    if isinstance(taken, int):
        taken = size or taken
    elif isinstance(config.data.sequence_length, int):
        taken = taken._replace(length=min(taken.length, config.data.sequence_length))
    name = name_backbone(config, weights)
    return _make_network(name, take_part(model, IMAGES, [POOLED]), config, taken)


def name_backbone(config: TrainConfig, weights: Weights) -> str:
    """Return `FeatureNetwork.name` of a backbone."""
    said = "random" if weights.kind == "none" else weights.kind
    return f"{config.backbone} with {'weights of a file' if said == 'file' else f'{said} weights'}"


def name_run(run: Run) -> str:
    """Return `FeatureNetwork.name` of a run."""
    return f"run {run.path.name}"


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
    network = keras.Model(both.inputs, both.outputs[-1])
    taken = choose_modality(config).find_input(config, run.path)
    return _make_network(name_run(run), network, config, taken)


def _make_network(name: str, model: Any, config: TrainConfig, taken: ModelInput) -> FeatureNetwork:
    from keras_transfer.evaluation.inference import trace_forward

    return FeatureNetwork(
        name=name,
        taken=taken,
        preparation=find_preparation(config.data),
        channels=model.outputs[0].shape[-1],
        forward=trace_forward(model),
    )


def _trace_preparation(network: FeatureNetwork, modality: Modality) -> Callable[[np.ndarray], Any]:
    """Return what makes of pixels (n, side, side, 3), or of texts (n, k), what a network takes."""
    import tensorflow as tf

    if isinstance(network.taken, int):
        return lambda pixels: pixels.astype(np.float32)

    @tf.function(autograph=False, reduce_retracing=True)  # tokenizers answer in lists outside one
    def encode(texts: Any) -> Any:
        return modality.decode_served(texts, network.taken, network.preparation)

    def prepare(contents: np.ndarray) -> Any:
        # half of a surrogate pair, as JSON can hold it, is no UTF-8
        rows = [[(text or "").encode("utf-8", "replace") for text in row] for row in contents]
        return encode(tf.constant(rows))

    return prepare


def stream_features(
    network: FeatureNetwork, sources: Sequence[Any], modality: Modality
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Yield the features of a batch after the other; no more of the images is held.

    Args:
        network: Makes the features.
        sources: n of images, as `Modality.stream` takes them.
        modality: Of the images.

    Yields:
        (b, channels) float32, and b reasons why an image is unusable, "" for the others. What
        stands for an unusable one means nothing.

    Raises:
        ConfigError: A feature is not a number.
    """
    prepare = _trace_preparation(network, modality)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's words on odd files, from several threads
        for batch, reasons in modality.stream(sources, network.taken, network.preparation, BATCH):
            features = np.asarray(network.forward(prepare(batch)), np.float32)
            if not np.isfinite(features).all():
                raise ConfigError(
                    f"Features must be finite numbers. Received: some of {network.name} that are "
                    "not. Choose other weights, or another run."
                )
            yield features, reasons
