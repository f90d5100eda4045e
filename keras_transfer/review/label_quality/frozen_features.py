"""Pooled features of a locked backbone, of unchanged examples, kept for the next review."""

import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np

from keras_transfer.config.help.versions import find_version
from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.same_files.file_states import hash_or_nothing
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.cuts import IMAGES, POOLED, take_part
from keras_transfer.models.run_model import build_classifier
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import free_disk
from keras_transfer.training.activations.activation_pass import trace_front
from keras_transfer.training.cache.cache_key import PACKAGES
from keras_transfer.training.cache.cache_store import FORMAT, FileStore, open_store
from keras_transfer.training.cache.memory_store import Layout, MemoryStore, count_bytes
from keras_transfer.training.cache.reuse_folder import count_reuse, make_room, reuse_folder
from keras_transfer.training.progress_display import showing_steps

SHARE = 4  # a fourth of the free disk, as for the activations of trainings

logger = logging.getLogger(__name__)


def find_features(
    data: TrainingData, rows: np.ndarray, sha256: np.ndarray, config: TrainConfig, weights: Weights
) -> np.ndarray:
    """Return the pooled features of every example, (n, channels) float32: kept ones, or computed.

    They are kept in the reuse folder of the activation cache under what they depend on: contents of
    the images in any order, whatever they are called and whatever their labels are, how images
    become squares, backbone and weights. So they serve again once labels are corrected.

    Args:
        data: All examples, as the split train.
        rows: (n,) which of those that `sha256` is of each one of the data is.
        sha256: (n,) of str, of their contents.
        config: Resolved settings; names the backbone.
        weights: Of the backbone.

    Raises:
        ConfigError: An image is not as it was inspected, or the weights do not fit.
    """
    hashes, first, inverse = np.unique(sha256[rows], return_index=True, return_inverse=True)
    key = _compute_key(hashes.tolist(), data, config, weights)
    folder = reuse_folder() / key[:32]
    kept = open_store(folder, key, touch=True)
    if kept is None:
        once = data.with_rows("train", first)
        kept = _compute(once, hashes, config, weights, folder, key)
    else:
        logger.info("The features of an earlier review are used: %s", folder)
    found = np.asarray(kept[POOLED.name])[inverse]
    return found[np.argsort(rows)]


def _compute_key(
    hashes: Sequence[str], data: TrainingData, config: TrainConfig, weights: Weights
) -> str:
    """Return a digest of everything that the features depend on."""
    parts = {
        "format": FORMAT,
        "packages": {name: find_version(name) for name in PACKAGES},
        "backbone": [
            config.backbone,
            find_backbone(config.backbone).network_sha256,
            config.preprocess,
        ],
        "weights": weights.sha256 or f"random, seed {config.seed}",
        "kind": "pooled features of unchanged images",
        "images": hashes,
        **data.content_facts(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _compute(
    data: TrainingData,
    hashes: np.ndarray,
    config: TrainConfig,
    weights: Weights,
    folder: Path,
    key: str,
) -> dict[str, np.ndarray]:
    """Pass every image through the backbone, and keep what comes out where there is room."""
    keras.utils.set_random_seed(config.seed)  # of random weights
    model = build_classifier(config, data.class_names, weights)
    run_batch = trace_front(take_part(model, IMAGES, [POOLED]), data)
    channels = model.get_layer("pool").output.shape[-1]
    store = _open_store(folder, {POOLED.name: ((len(hashes), channels), "float32")}, key)
    batches = data.clean_batches("train")
    try:
        with showing_steps(batches, "features", data.steps, data.batch_size, config.quiet) as shown:
            for images, _ in shown:
                store.append(POOLED.name, run_batch(images)[0].astype("float32", copy=False))
        if config.data.noun == "image":  # texts are in memory
            _require_same(data, hashes)  # the key is made of them
        return store.finish()
    except BaseException:
        store.discard()
        raise


def _open_store(folder: Path, layout: Layout, key: str) -> FileStore | MemoryStore:
    """Return an empty entry of the reuse folder, or memory where there is no room for it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        limit = (free_disk(folder.parent) + count_reuse()) // SHARE
        if make_room(folder.parent, count_bytes(layout), limit):
            return FileStore(folder, layout, key)
        logger.warning("The features are not kept: there is no room in %s", folder.parent)
    except (OSError, ConfigError) as error:
        logger.warning("The features are not kept for the next review: %s", error)
    return MemoryStore(layout)


def _require_same(data: TrainingData, hashes: np.ndarray) -> None:
    """Read every image again.

    Raises:
        ConfigError: One is not as it was inspected.
    """
    paths = data.splits["train"].paths
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(hash_or_nothing, [data.root / path for path in paths.tolist()]))
    changed = paths[np.array(found) != hashes].tolist()
    if changed:
        raise ConfigError(
            "Images must stay as they are while they are reviewed. Received: "
            f"{count_of(len(changed), 'image')} gone or changed, such as {name_some(changed)}. "
            "Begin anew."
        )
