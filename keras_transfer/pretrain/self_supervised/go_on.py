"""Go on from given weights by images without labels, and leave the weights with their card."""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import check_weights, shorten_origin
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import settle_preprocess
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.models.weights.weights_card import write_card
from keras_transfer.pretrain.pretrain_folder import keep_settings
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig
from keras_transfer.pretrain.self_supervised.unlabelled_images import (
    Unlabelled,
    find_images,
    hold_images,
)
from keras_transfer.run.environment import describe_environment
from keras_transfer.system.load_tensorflow import hushed, import_tensorflow, require_backend

PHASE = "pretrain"  # of the order and the views

logger = logging.getLogger(__name__)


def go_on(config: SelfSupervisedConfig) -> Path:
    """Go on from weights by images alone, or where an earlier call was stopped.

    Args:
        config: See `SelfSupervisedConfig`. To go on it must be the same.

    Returns:
        The file of the backbone's weights, float32: float16 would begin a next going-on elsewhere.

    Raises:
        ConfigError: Settings, images or weights cannot be used, or the folder belongs to others.

    References:
        S. Gururangan et al., "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks",
        ACL 2020.
    """
    config, found, weights = _look_up(config)
    folder, training = config.output.expanduser(), config.as_training()
    keep_settings(folder, _list_settings(config, found, weights))
    import_tensorflow()  # what is wrong with the images is told by now
    from keras_transfer.training.devices import grow_gpu_memory

    with hushed():
        from keras_transfer.pretrain.fit_epochs import KeepState, fit_epochs
        from keras_transfer.pretrain.self_supervised.contrastive_model import build_contrastive

    grow_gpu_memory()
    data = hold_images(found, training, choose_modality(training))
    steps, epochs = len(found.examples.paths) // config.batch_size, config.epochs or 0
    name = shorten_origin(config.backbone)
    keep = KeepState(folder, name, lambda backbone, file: backbone.save_weights(file))
    file = fit_epochs(
        build_contrastive(config, weights, steps * epochs),
        lambda done: data.pair_batches(PHASE, epochs, done),
        steps,
        epochs,
        keep,
        steps_per_epoch=steps,
    )
    losses = [loss for _, loss in keep.read_losses()]
    write_card(file, _describe(config, found, weights, losses[-1] if losses else None))
    return file


def _look_up(config: SelfSupervisedConfig) -> tuple[SelfSupervisedConfig, Unlabelled, Weights]:
    """Return the settings with the number of epochs, the images, and what to go on from."""
    require_backend()
    training, row = config.as_training(), find_backbone(config.backbone)
    settle_preprocess(config.backbone, row, config.preprocess)
    check_weights(config.weights)
    modality = choose_modality(training)
    modality.check_settings(training)
    found = find_images(config.images, training, modality)
    weights = find_weights(config.backbone, row, config.weights)
    if weights.warning:
        logger.warning("%s", weights.warning)
    epochs = config.count_epochs(len(found.examples.paths))
    return dataclasses.replace(config, epochs=epochs), found, weights


def _list_settings(
    config: SelfSupervisedConfig, found: Unlabelled, weights: Weights
) -> dict[str, str]:
    """Return what the numbers depend on: content counts, not where it lies."""
    settings = dataclasses.asdict(config)
    settings |= {"augment": json.dumps(settings["augment"]), "images": f"sha256 {found.sha256}"}
    settings["weights"] = f"{weights.kind}, sha256 {weights.sha256}"
    return {name: str(value) for name, value in settings.items() if name != "output"}


def _describe(
    config: SelfSupervisedConfig, found: Unlabelled, weights: Weights, loss: float | None
) -> dict[str, Any]:
    """Return what the card says of the weights."""
    settings = dataclasses.asdict(config)
    for name in ("images", "weights", "output", "backbone"):
        del settings[name]
    return {
        "backbone": config.backbone,
        "method": "SimCLR",
        "start": {
            "kind": weights.kind,
            "sha256": weights.sha256,
            "file": str(weights.file) if weights.kind == "file" else None,
            "origin": weights.origin,
        },
        "images": {
            "source": config.images,
            "count": len(found.examples.paths),
            "sha256": found.sha256,
            "left_out": found.left_out,
        },
        "settings": settings,
        "loss": loss,
        "environment": describe_environment(config.seed, []),
    }
