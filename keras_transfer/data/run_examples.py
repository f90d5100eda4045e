"""The examples of a finished run: its own splits, unchanged, or others with the same classes."""

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import DEFAULT_SOURCE, TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings, name_unusable
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.class_names import spell
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table

logger = logging.getLogger(__name__)


def read_own_examples(
    run: Run, config: TrainConfig, modality: Modality, split: str | None
) -> tuple[Examples, Findings]:
    """Return the examples of one split of split.csv, which must be unchanged, and what they are."""
    data = dataclasses.replace(config.data, layout="classes")  # split.csv says what they are
    listed = list_examples(run, modality.read_examples(config.source, data))
    split = _choose_split(split, sorted(set(listed.splits)), str(run.path))
    listed = listed.take(np.flatnonzero(listed.splits == split))
    advice = "(With --dataset `export` finds them elsewhere, `evaluate` takes others.)"
    return listed, require_unchanged(listed, run, modality, advice)


def list_examples(run: Run, source: Examples) -> Examples:
    """Return the examples that split.csv lists, in its order; whether they exist is not asked."""
    table = {name: np.array(cells) for name, cells in read_table(run.split_file).items()}
    names = run.class_names()
    return dataclasses.replace(
        source,
        paths=table["path"],
        labels=np.array([names.index(name) for name in table["class"]], np.int64),
        class_names=names,
        splits=table["split"],
        groups=np.full(len(table["path"]), ""),
    )


def require_unchanged(examples: Examples, run: Run, modality: Modality, advice: str) -> Findings:
    """Return what an inspection says of a run's examples.

    Args:
        examples: The images as `list_examples` returned them, or some of them.
        run: Its split.csv holds their hashes.
        modality: Of the examples.
        advice: Ends the error.

    Raises:
        ConfigError: Some are gone or changed since the run was made.
    """
    table = read_table(run.split_file)
    contents = dict(zip(table["path"], table["sha256"], strict=True))
    findings = modality.inspect(examples)
    expected = [contents[path] for path in examples.paths.tolist()]
    changed = np.flatnonzero(findings.sha256 != expected)
    if len(changed):
        raise ConfigError(
            f"The images of {examples.root} must be those the run was made from. Received: "
            f"{len(changed)} that are gone or changed, such as "
            f"{name_some(examples.paths[changed].tolist())}. Restore them. {advice}"
        )
    return findings


def read_other_examples(
    run: Run, config: TrainConfig, modality: Modality, dataset: str, split: str | None
) -> tuple[Examples, Findings]:
    """Return the usable examples of another data set, labelled as the run's, and what they are."""
    found = modality.read_examples(dataset, config.data)
    names = run.class_names()
    index = {spell(name): label for label, name in enumerate(names)}
    if unknown := [name for name in found.class_names if spell(name) not in index]:
        raise ConfigError(
            f"Classes must be among the run's: {name_some(names)}. Received: "
            f"{name_some(unknown)} in {dataset}. Rename or remove those folders."
        )
    given = sorted(set(found.splits) - {""})
    chosen = _choose_split(split, given or ["test"], dataset)
    rows = found.splits == chosen if given else np.full(len(found.paths), True)
    findings = modality.inspect(found)
    bad = np.flatnonzero(rows & ~findings.usable)
    if len(bad):
        named = name_unusable(found, findings, bad)
        logger.warning("%d unreadable files are left out: %s", len(bad), named)
    kept = np.flatnonzero(rows & findings.usable)
    if not len(kept):
        raise ConfigError(
            f"At least one image must be readable. Received: none in {dataset}. "
            "Name a folder of class folders with images."
        )
    _warn_of_trained(run, findings.sha256[kept])
    labels = np.array([index[spell(name)] for name in found.class_names], np.int64)
    examples = Examples(
        source=found.source,
        root=found.root,
        paths=found.paths[kept],
        labels=labels[found.labels[kept]],
        class_names=names,
        splits=np.full(len(kept), chosen),
        groups=found.groups[kept],
        # other images of digits do not say that they are digits
        flips=found.flips and config.source != DEFAULT_SOURCE,
    )
    return examples, findings.take(kept)


def _warn_of_trained(run: Run, sha256: np.ndarray) -> None:
    """Warn of images that the run was trained on: their accuracy says nothing about others."""
    table = read_table(run.split_file)
    pairs = zip(table["sha256"], table["split"], strict=True)
    trained = {content for content, split in pairs if split == "train"}
    if seen := sum(content in trained for content in sha256):
        logger.warning("%d of these %d images were trained on", seen, len(sha256))


def _choose_split(split: str | None, there: Sequence[str], where: str) -> str:
    """Return the split asked for, or the one that says most: test before validation."""
    if split is None:
        return choose_split(there)
    if split not in there:
        raise ConfigError(
            f"`split` must be one of {', '.join(there)}, the splits of {where}. Received: {split}."
        )
    return split
