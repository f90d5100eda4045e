"""The examples of a finished run: its own splits, unchanged, or others with the same classes."""

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.messages import name_some
from keras_transfer.config.split_names import SPLITS, choose_split
from keras_transfer.config.train_config import DEFAULT_SOURCE, TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings, name_unusable, say_unusable
from keras_transfer.data.modality import Modality
from keras_transfer.data.same_files.file_states import GONE
from keras_transfer.data.sources.class_names import spell
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def read_own_examples(
    run: Run,
    config: TrainConfig,
    modality: Modality,
    split: str | None,
    engine: Engine = THIS_PROCESS,
) -> tuple[Examples, Findings]:
    """Return the examples of one split of split.csv, which must be unchanged, and what they are."""
    listed = list_examples(run, read_source(config, modality))
    there = sorted(set(listed.splits))
    asked = _choose_split(split, there, str(run.path))
    # where nothing is left of the split that says most, the next one says something
    others = [] if split else [name for name in reversed(SPLITS) if name in there and name != asked]
    for name in (asked, *others):
        part = listed.take(np.flatnonzero(listed.splits == name))
        findings, lost = inspect_again(part, run, modality, engine)
        if len(lost):
            _warn_of_lost(part, lost, name)
        if len(lost) < len(part.paths):
            left = np.setdiff1d(np.arange(len(part.paths)), lost)
            return part.take(left), findings.take(left)
    raise ConfigError(
        f"{listed.noun.capitalize()}s of {' or '.join((asked, *others))} must be those the run was "
        f"made from. Received: {listed.root}, where all of them are gone or changed. Restore them. "
        "(With --dataset `export` finds them elsewhere, `evaluate` takes others.)"
    )


def read_source(config: TrainConfig, modality: Modality) -> Examples:
    """Return the data set of a run, whatever its folders would be now: split.csv says that."""
    data = dataclasses.replace(config.data, layout="classes")
    return modality.read_examples(config.source, data)


def list_examples(run: Run, source: Examples) -> Examples:
    """Return the examples that split.csv lists, in its order; whether they exist is not asked."""
    table, names = run.split_table(), run.class_names()
    index = {name: label for label, name in enumerate(names)}
    held = source.contents
    if held is not None:
        rows = {path: row for row, path in enumerate(source.paths.tolist())}
        nothing = (None,) * held.shape[1]
        found = [held[rows[path]] if path in rows else nothing for path in table["path"]]
        held = np.array(found, object).reshape(len(found), held.shape[1])
    return dataclasses.replace(
        source,
        contents=held,
        paths=np.array(table["path"], object),
        labels=np.array([index[name] for name in table["class"]], np.int64),
        class_names=names,
        splits=np.array(table["split"]),
        groups=np.full(len(table["path"]), "", object),
    )


def inspect_again(
    examples: Examples, run: Run, modality: Modality, engine: Engine = THIS_PROCESS
) -> tuple[Findings, np.ndarray]:
    """Return what an inspection says of a run's examples, and the rows of those that are lost.

    Args:
        examples: The images as `list_examples` returned them, or some of them.
        run: Its split.csv holds their hashes.
        modality: Of the examples.
        engine: Where they are read.

    Returns:
        The findings, in which lost examples have the state of files that are not there; and the
        rows of files that are gone, or hold something else than when the run was made.
    """
    table = run.split_table()
    contents = dict(zip(table["path"], table["sha256"], strict=True))
    findings = modality.inspect(examples, engine=engine)
    lost = np.flatnonzero(findings.sha256 != [contents[path] for path in examples.paths.tolist()])
    findings.states[lost] = GONE
    return findings, lost


def _warn_of_lost(examples: Examples, lost: np.ndarray, split: str) -> None:
    logger.warning(
        "%d of %d %s %ss are gone or changed and left out: %s",
        *(len(lost), len(examples.paths), split, examples.noun),
        name_some(examples.paths[lost].tolist()),
    )


def read_other_examples(
    run: Run,
    config: TrainConfig,
    modality: Modality,
    dataset: str,
    split: str | None,
    engine: Engine = THIS_PROCESS,
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
    findings = modality.inspect(found, engine=engine)
    bad = np.flatnonzero(rows & ~findings.usable)
    if len(bad):
        named = name_unusable(found, findings, bad)
        logger.warning("%s left out: %s", say_unusable(len(bad), found.noun), named)
    kept = np.flatnonzero(rows & findings.usable)
    if not len(kept):
        raise ConfigError(
            f"At least one {found.noun} must be readable. Received: none in {dataset}. "
            f"Name a data set of other {found.noun}s."
        )
    _warn_of_trained(run, findings.sha256[kept], found.noun)
    labels = np.array([index[spell(name)] for name in found.class_names], np.int64)
    examples = Examples(
        source=found.source,
        root=found.root,
        paths=found.paths[kept],
        labels=labels[found.labels[kept]],
        class_names=names,
        splits=np.full(len(kept), chosen),
        groups=found.groups[kept],
        contents=None if found.contents is None else found.contents[kept],
        # other images of digits do not say that they are digits
        flips=found.flips and config.source != DEFAULT_SOURCE,
    )
    return examples, findings.take(kept)


def _warn_of_trained(run: Run, sha256: np.ndarray, noun: str) -> None:
    """Warn of images that the run was trained on: their accuracy says nothing about others."""
    table = run.split_table()
    pairs = zip(table["sha256"], table["split"], strict=True)
    trained = {content for content, split in pairs if split == "train"}
    if seen := sum(content in trained for content in sha256):
        logger.warning("%d of these %d %ss were trained on", seen, len(sha256), noun)


def _choose_split(split: str | None, there: Sequence[str], where: str) -> str:
    """Return the split asked for, or the one that says most: test before validation."""
    if split is None:
        return choose_split(there)
    if split not in there:
        raise ConfigError(
            f"`split` must be one of {', '.join(there)}, the splits of {where}. Received: {split}."
        )
    return split
