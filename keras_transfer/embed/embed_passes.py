"""Ways to pass examples through a network: in this process, or in those of a cluster."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.cluster.block_engines import BLOCK, Engine, cut_blocks, order_answers
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.input_hashes import hash_model
from keras_transfer.config.full_paths import name_places
from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.embed.embedding import Features, Passing
from keras_transfer.evaluation.blocks.sent_sources import list_seen, name_fully, spare_lost
from keras_transfer.evaluation.domain_gap.pooled_features import (
    BATCH,
    FeatureNetwork,
    choose_weights,
    name_backbone,
    name_run,
    open_backbone,
    open_run,
    stream_features,
)
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.training.plan.backbone_input import find_input


def pass_here(run: Run | None, config: TrainConfig) -> Passing:
    """Return the way through a network of this process, which is loaded now.

    Args:
        run: Finished; None: a backbone.
        config: Settings of the run, or of the backbone.

    Raises:
        ConfigError: The network cannot be had, and why.
    """
    weights = None if run else choose_weights(config)
    network = _open_network(run, config, weights)
    modality = choose_modality(config)

    def stream(sets: Sequence[list[Any]]) -> Features:
        for sources in sets:
            yield from stream_features(network, sources, modality)

    made_of = functools.partial(_describe_network, run, config, weights)
    return Passing(name=network.name, stream=stream, size=BATCH, made_of=made_of)


def pass_on_workers(run: Run | None, config: TrainConfig, engine: Engine) -> Passing:
    """Return the way through the networks of workers, a block of one set after the other.

    Args:
        run: As `pass_here` takes it.
        config: As there.
        engine: Has the workers.

    Raises:
        ConfigError: There is no such backbone, or its weights cannot be had.
    """
    path = run.path.absolute() if run else None
    weights = None if run else choose_weights(config)
    made_of = functools.partial(_describe_network, run, config, weights)
    if run:
        name, seen = name_run(run), [str(run.model_file.absolute())]
    elif weights:
        name, seen = name_backbone(config, weights), []
        if weights.kind != "file":  # what auto is must not depend on the machine
            config = dataclasses.replace(config, weights=weights.kind)
        elif weights.file:
            seen = [str(weights.file.absolute())]
        config = name_places(config)
    import_tensorflow()  # quietly: the line that says how far it is takes Keras
    opening = functools.partial(open_features, path, config)

    def stream(sets: Sequence[list[Any]]) -> Features:
        named = [name_fully(sources) for sources in sets]
        blocks = [items for sources in named for _, items in cut_blocks(sources)]
        job = BlockJob(opening=opening, seen=(*seen, *list_seen(named[0])))
        yield from order_answers(engine.answer(job, enumerate(blocks)))

    return Passing(name=name, stream=stream, size=BLOCK, made_of=made_of)


def open_features(
    run: Path | None, config: TrainConfig
) -> Callable[[Sequence[Any], Mapping[int, str]], tuple[np.ndarray, list[str]]]:
    """Load a network, and return what makes features of a block of sources with it."""
    weights = None if run else choose_weights(config)
    network = _open_network(Run(run) if run else None, config, weights)
    modality = choose_modality(config)

    def answer(sources: Sequence[Any], lost: Mapping[int, str]) -> tuple[np.ndarray, list[str]]:
        batches = stream_features(network, spare_lost(sources, lost), modality)
        features, said = zip(*batches, strict=True)
        reasons = [reason for part in said for reason in part]
        for place, reason in lost.items():
            reasons[place] = reason
        return np.concatenate(features), reasons

    return answer


def _open_network(run: Run | None, config: TrainConfig, weights: Weights | None) -> FeatureNetwork:
    if weights is None:
        assert run is not None
        return open_run(run, config)
    return open_backbone(config, weights)


def _describe_network(
    run: Run | None, config: TrainConfig, weights: Weights | None
) -> dict[str, str]:
    """Return what the features of a network are determined by, beside the examples."""
    if run:
        files = run.model_file, run.config_file, run.tokenizer
        return {"model": hash_model(filter(Path.exists, files))}
    assert weights is not None
    row, data = find_backbone(config.backbone), config.data
    taken = find_input(row, weights)
    read = data.image_size, data.sequence_length, find_preparation(data)
    seed = f"{weights.kind}, seed {config.seed}"
    return {
        "backbone": row.network_sha256 or config.backbone,
        "weights": weights.sha256 or (hash_file(weights.file) if weights.file else seed),
        "settings": repr((config.preprocess, *read)),
        "tokenizer": "" if isinstance(taken, int) else hash_model([taken.tokenizer]),
    }
