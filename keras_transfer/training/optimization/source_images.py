"""A sample of the examples that pretrained weights are not to forget."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.run_examples import read_own_examples
from keras_transfer.data.training_data import TrainingData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.plan_file import read_settings
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

SAMPLE = 256  # examples


def read_sample(config: TrainConfig, size: int) -> TrainingData:
    """Return at most 256 labelled examples of `regularize.source` as one split called `train`.

    Args:
        config: Names the source; its seed draws the examples.
        size: That the model takes, such as the side of images in pixels.

    Raises:
        ConfigError: There are none, or fewer than two classes among them.
    """
    source, modality = str(config.regularize.source), choose_modality(config)
    run = Run(Path(source).expanduser())
    if run.config_file.is_file():
        own = merge_layers(read_settings(run))
        examples, findings = read_own_examples(run, own, modality, "train")
        data = dataclasses.replace(config.data, value_range=own.data.value_range)
        config = dataclasses.replace(config, data=data)  # as its weights have seen them
    else:
        examples = modality.read_examples(source, config.data)
        rows = np.flatnonzero(np.isin(examples.splits, ("", "train")))
        rng = np.random.default_rng(config.seed)
        # a source may be all of ImageNet, and some of what is inspected not readable
        examples = examples.take(np.sort(rng.permutation(rows)[: 2 * SAMPLE]))
        findings = modality.inspect(examples)
        usable = np.flatnonzero(findings.usable)
        examples, findings = examples.take(usable), findings.take(usable)
    examples, findings = _draw(examples, findings, config.seed)
    if len(set(examples.labels.tolist())) < 2:
        raise ConfigError(
            "`regularize.source` must hold readable images of 2 or more classes to train on. "
            f"Received: {source}. Name a folder of class folders, or an earlier run."
        )
    return modality.hold_split(examples, config, size, findings, None)


def _draw(examples: Examples, findings: Findings, seed: int) -> tuple[Examples, Findings]:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(examples.paths))[:SAMPLE])
    drawn = dataclasses.replace(examples.take(rows), splits=np.full(len(rows), "train"))
    return drawn, findings.take(rows)
