"""The images of the other domain: which are adapted to, and which are measured."""

import dataclasses
import functools
import logging
from dataclasses import dataclass

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.split_names import TARGET
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings, name_unusable
from keras_transfer.data.modality import Keeping
from keras_transfer.data.same_files.file_states import find_touched
from keras_transfer.data.sources.perhaps_labelled import UNKNOWN, read_perhaps_labelled
from keras_transfer.data.training_data import TrainingData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.contents.read_files import read_rows
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.training.cache.budget import allocate_examples

LEAST = 2  # images; fewer have no deviation
TARGET_COLUMNS = ("path", "sha256", "class", "adapted", "measured")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TargetImages:
    """The images of the other domain."""

    data: TrainingData
    """Those that are adapted to, as the split train, in the order of their contents: so neither
    labels nor names decide about anything. Labels are `UNKNOWN`, whatever they are."""
    sha256: np.ndarray
    """(n,) of str, of these files."""
    measured: TrainingData | None
    """Those whose class is one of the run's and known, as the split `target`; None: there are
    none."""

    def __len__(self) -> int:
        return len(self.sha256)

    def require_unchanged(self) -> None:
        """Raise a `ConfigError` where files that are still read are gone or changed."""
        parts = [self.data.splits["train"]]
        parts += [self.measured.splits[TARGET]] if self.measured else []
        for part in parts:
            if part.states is None:
                continue
            touched = find_touched(self.data.root, part.paths.tolist(), part.states)
            if len(touched):
                raise ConfigError(
                    "Images of `adapt.target` must stay as they are while a run is trained. "
                    f"Received: {len(touched)} in {self.data.root} that are gone or changed, such "
                    f"as {part.paths[touched[0]]}. Restore them and go on with --resume."
                )


def read_target(config: TrainConfig, run: Run, source: TrainingData) -> TargetImages:
    """Read the images of `adapt.target`, and write down in target.csv what they are for.

    Adapted to are those that no split sets apart: all, or those of train. Measured are those of
    test, else of validation, else the same ones; all of them only as far as their classes are the
    run's.

    Args:
        config: Resolved settings.
        run: Gets target.csv; an interrupted run has it, and the images must still be those.
        source: The images of the run's own data set: those of the target are treated alike.

    Raises:
        ConfigError: There are none, or others than before.
    """
    modality, size = choose_modality(config), source.element[0][0]
    names = source.class_names
    keeping = Keeping(config, size, functools.partial(allocate_examples, config.cache, run))
    try:
        examples = read_perhaps_labelled(str(config.adapt.target), config.data, modality, names)
    except ConfigError as error:
        raise ConfigError(f"`adapt.target`, images of another domain: {error}") from error
    findings = modality.inspect(examples, keeping)
    _warn_of_unusable(examples, findings)
    _warn_of_same(findings, run)
    adapted = _choose_adapted(examples, findings)
    measured = _choose_measured(examples, findings, adapted)
    _record(examples, findings, adapted, measured, run)

    def hold(rows: np.ndarray, split: str, labels: np.ndarray) -> TrainingData:
        part = _relabel(examples.take(rows), split, labels)
        return modality.hold_split(part, config, size, findings.take(rows), None)

    _tell(examples, adapted, measured)
    return TargetImages(
        data=hold(adapted, "train", np.full(len(adapted), UNKNOWN)).with_views_of(source),
        sha256=findings.sha256[adapted],
        measured=hold(measured, TARGET, examples.labels[measured]) if len(measured) else None,
    )


def _warn_of_unusable(examples: Examples, findings: Findings) -> None:
    if len(bad := np.flatnonzero(~findings.usable)):
        named = name_unusable(examples, findings, bad)
        count = count_of(len(bad), "unreadable file is", "unreadable files are")
        logger.warning("Target: %s left out: %s", count, named)


def _warn_of_same(findings: Findings, run: Run) -> None:
    """Warn of images that the run's own data set has, too: they are of no other domain."""
    known = {*run.split_table()["sha256"]}
    own = [content in known for content in findings.sha256[findings.usable].tolist()]
    if any(own):
        logger.warning(
            "Target: %s of %s the run's own data set has, too: they are of no other domain, and "
            "accuracy on them says less",
            *(count_of(sum(own), "image"), f"{len(own):,}"),
        )


def _choose_adapted(examples: Examples, findings: Findings) -> np.ndarray:
    """Return the rows that are adapted to, in the order of their contents."""
    usable = findings.usable
    rows = np.flatnonzero(usable & np.isin(examples.splits, ("", "train")))
    if not len(rows):
        rows = np.flatnonzero(usable)
    if len(rows) < LEAST:
        raise ConfigError(
            f"`adapt.target` must hold {LEAST} or more readable images. Received: {len(rows)} in "
            f"{examples.root}. Name a folder with images of the domain that the model is for."
        )
    return rows[np.argsort(findings.sha256[rows], kind="stable")]


def _choose_measured(examples: Examples, findings: Findings, adapted: np.ndarray) -> np.ndarray:
    """Return the rows of known classes that are measured: set apart, or else adapted to."""
    known = findings.usable & (examples.labels != UNKNOWN)
    for split in ("test", "validation"):
        if len(rows := np.flatnonzero(known & (examples.splits == split))):
            return rows
    return np.sort(adapted[known[adapted]])


def _relabel(examples: Examples, split: str, labels: np.ndarray) -> Examples:
    splits = np.full(len(labels), split)
    return dataclasses.replace(examples, splits=splits, labels=labels.astype(np.int64))


def _record(
    examples: Examples, findings: Findings, adapted: np.ndarray, measured: np.ndarray, run: Run
) -> None:
    """Write target.csv; where it is there, the images must be the same."""
    names = [*examples.class_names, ""]  # which UNKNOWN, -1, finds
    uses = {*adapted.tolist()}, {*measured.tolist()}
    rows = [
        (
            str(examples.paths[row]),
            str(findings.sha256[row]),
            names[examples.labels[row]],
            "yes" if row in uses[0] else "no",
            "yes" if row in uses[1] else "no",
        )
        for row in sorted(uses[0] | uses[1])
    ]
    if run.target_file.exists():
        table = read_rows(run.target_file, TARGET_COLUMNS)
        pairs = zip(table["sha256"], table["adapted"], strict=True)
        known = sorted(content for content, is_adapted in pairs if is_adapted == "yes")
        if known != findings.sha256[adapted].tolist():
            raise ConfigError(
                "Images of `adapt.target` must be those that the run began with. Received: others "
                f"in {examples.root}. Restore them, or train anew."
            )
    write_table(run.target_file, TARGET_COLUMNS, rows)


def _tell(examples: Examples, adapted: np.ndarray, measured: np.ndarray) -> None:
    """Say how many images are adapted to, and of how many the labels are measured."""
    said = "none has a label of the run's classes, so nothing is measured there"
    if len(measured):
        same = " of them" if {*measured.tolist()} <= {*adapted.tolist()} else " set apart"
        said = f"{count_of(len(measured), 'image')}{same} with labels, which are only measured"
    logger.info(
        "Target: %s; %s without labels to adapt to, %s",
        *(examples.root, count_of(len(adapted), "image"), said),
    )
