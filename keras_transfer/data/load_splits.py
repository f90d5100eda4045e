"""From a data set to splits: read, inspect, split, write down what was done. No TensorFlow here."""

import logging
from collections import Counter

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.data_report import (
    Report,
    build_report,
    list_mislabelled,
    name_unit,
    say_alike,
    say_classes,
)
from keras_transfer.data.divided_examples import Division, divide_examples
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.modality import Keeping, Modality
from keras_transfer.data.run_examples import inspect_again, list_examples, read_source
from keras_transfer.data.sources.class_names import spell
from keras_transfer.data.splits.assign_splits import SPLITS
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.run_directory import MOVED, Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json, write_table, write_text

logger = logging.getLogger(__name__)


def load_splits(
    config: TrainConfig, modality: Modality, run: Run, keeping: Keeping | None = None
) -> tuple[Examples, Findings]:
    """Read the data set of `config`, divide it, and leave the record of it in the run.

    A run that was interrupted keeps its own examples and splits, see `reload_splits`.

    Args:
        config: Names the data set.
        modality: Of its examples.
        run: Gets class_names.txt, split.csv and data_report.json.
        keeping: Has the examples kept as they are read.

    Returns:
        The examples with their splits, and what is in them: for `modality.hold_splits`.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    if read_plan(run):
        return reload_splits(config, modality, run)
    divided = divide_examples(config, modality, keeping)
    examples, findings = divided.take_used()
    record_division(divided, examples, run)
    return examples, findings


def reload_splits(config: TrainConfig, modality: Modality, run: Run) -> tuple[Examples, Findings]:
    """Return the examples of an interrupted run.

    Those that came since are left out with a warning. Of those that are gone or changed there may
    be kept what is needed; what needs the files refuses to go on.

    Args:
        config: Resolved settings; the data set may have moved.
        modality: Of its examples.
        run: Its split.csv lists the examples.

    Raises:
        ConfigError: Examples are labelled otherwise; some are named.
    """
    try:
        source = modality.read_examples(config.source, config.data)
    except ConfigError:  # folders that can be read in two ways today: split.csv says what they are
        source = read_source(config, modality)
    listed = list_examples(run, source)
    _compare_with_source(listed, source, run)
    findings, lost = inspect_again(listed, run, modality)
    if len(lost):
        logger.warning(
            "%s gone or changed, such as %s: what is kept of them is used. %s",
            *(
                count_of(len(lost), f"{listed.noun} is", f"{listed.noun}s are"),
                name_some(listed.paths[lost].tolist()),
                MOVED,
            ),
        )
    logger.info("Data: %s, as split.csv has it; %s", listed.root, _count_splits(listed.splits))
    logger.info("%s", _count_classes(listed))
    return listed, findings


def _compare_with_source(listed: Examples, source: Examples, run: Run) -> None:
    """Refuse images with another label than they had; warn of those that came since."""
    spelled = [*map(spell, source.class_names)]
    names = [spelled[label] for label in source.labels.tolist()]
    labels = dict(zip(source.paths.tolist(), names, strict=True))
    pairs = zip(listed.paths.tolist(), listed.labels.tolist(), strict=True)
    moved = [p for p, k in pairs if p in labels and labels[p] != spell(listed.class_names[k])]
    if moved and source.source != "folder":  # there a path is a label, though read otherwise now
        raise ConfigError(
            f"The {source.noun}s of {source.root} must have the labels they had when the run "
            f"began. Received: {len(moved)} others, {moved[0]} is {labels[moved[0]]} now. "
            "Restore them, or train anew."
        )
    report = run.data_report()
    known = {entry["path"] for entry in report["unusable"]}
    known |= {entry["path"] for entry in report["dropped"]}
    known |= {path for group in report["duplicates"] for path in group["paths"]}
    if added := sorted(labels.keys() - known - set(listed.paths.tolist())):
        text = f"{source.noun.capitalize()}s that came since are left out: %d, such as %s"
        logger.warning(text, len(added), added[0])


def record_division(divided: Division, used: Examples, run: Run) -> None:
    """Write class_names.txt, split.csv and data_report.json; log how many images there are.

    Args:
        divided: All images.
        used: Those that have a split, of the classes that are left.
        run: Where the files go.
    """
    report = build_report(*divided, left_out=divided.left_out)
    write_text(run.class_names_file, "".join(f"{name}\n" for name in used.class_names))
    write_table(run.split_file, SPLIT_COLUMNS, divided.rows())
    write_json(run.data_report_file, report)
    logger.info("Data: %s; %s", used.root, _count_splits(used.splits))
    logger.info("%s", _count_classes(used))
    _tell_findings(report, used.noun)


def _count_splits(splits: np.ndarray) -> str:
    """Return how many examples there are in each split: "244 train, 153 validation"."""
    counts = {name: int((splits == name).sum()) for name in SPLITS}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _count_classes(examples: Examples) -> str:
    """Return the classes with how many examples each has in all splits together."""
    used, names = examples.labels[examples.splits != ""], examples.class_names
    counts = np.bincount(used, minlength=len(names)).tolist()
    return say_classes(dict(zip(names, counts, strict=True)))


def _tell_findings(report: Report, noun: str) -> None:
    """Log what is odd and what occurs more than once; warn where that has several classes."""
    if odd := Counter(entry["kind"] for entry in report["odd"]):
        named = ", ".join(f"{count:,} {kind}" for kind, count in odd.most_common())
        logger.info("Odd, but used: %s (data_report.json)", named)
    kinds = [group["kind"] for group in report["duplicates"]]
    if kinds:
        logger.info(
            "Duplicates: %s of equal %s, %d that %s (data_report.json)",
            *(count_of(kinds.count("exact"), "group"), f"{name_unit(noun)}s", kinds.count("near")),
            say_alike(noun),
        )
    if wrong := list_mislabelled(report):
        pairs = zip(wrong[0]["paths"], wrong[0]["labels"], strict=True)
        example = name_some([f"{path} ({label})" for path, label in pairs])
        several = count_of(len(wrong), "group of duplicates has", "groups of duplicates have")
        logger.warning("%s several classes: %s", several, example)
