"""What a cell of labels means: a class, no label, several labels, or a measurement."""

import logging
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.examples import refuse_several_labels
from keras_transfer.data.sources.class_names import NUMBER, WHOLE, group_spellings
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# What pandas and R write where there is no value. "None" is a class in sets of faults.
NOTHING = {"", "nan", "NaN", "-nan", "<NA>", "#N/A", "#NA", "NA", "N/A", "n/a", "NULL", "null"}
DOUBTFUL = ("None", "none", "?", "-", "-1")

LIST = re.compile(r"\[.*\]|\{.*\}")
BETWEEN = re.compile(r"\s+and\s+|[\s,/+&]+")  # parts of a cell that holds several labels
COMBINED = 3  # times as many different cells as different parts make cells lists of labels
MEASURED = 10  # different numbers: fewer can be classes although most of them occur once


def is_filled(cell: str) -> bool:
    """Return whether a cell holds more than a word for nothing."""
    return cell not in NOTHING


def judge_labels(table: Path, labels: list[str], sure: bool = False) -> None:
    """Refuse labels that are no classes, and say which of them are doubtful.

    Args:
        table: Named in messages.
        labels: Of all rows.
        sure: Whether the user says that they are classes, whatever they look like.

    Raises:
        ConfigError: Labels are lists, measurements, or one name in two spellings.
    """
    counts = Counter(labels)
    refuse_several_labels(counts, table)
    if sure:
        return
    _refuse_splits(table, counts)
    _refuse_lists(table, counts)
    _refuse_measurements(table, counts)
    _refuse_spellings(table, counts)
    for word in DOUBTFUL:
        if counts[word]:
            text = "%s: %r is a class of %s; leave the cell empty where there is no label"
            logger.warning(text, table.name, word, count_of(counts[word], "example"))


def _refuse_splits(table: Path, counts: Mapping[str, int]) -> None:
    if len(counts) > 1 and {name.lower() for name in counts} <= SPLIT_WORDS.keys():
        raise ConfigError(
            f"Every label must be a class. Received: {name_some(sorted(counts))} in {table}, which "
            "are splits. Name that column split, and the one of the classes label."
        )


def _refuse_lists(table: Path, counts: Mapping[str, int]) -> None:
    """Refuse `["cat"]`, `cat dog` beside `cat` and `dog`, and many combinations of few words."""
    parts = {name: {part for part in BETWEEN.split(name) if part} for name in counts}
    words = {part for found in parts.values() for part in found}
    several = [name for name, found in parts.items() if len(found) > 1]
    joined = [name for name in several if parts[name] <= counts.keys()]
    if len(several) > COMBINED * len(words):
        joined = several
    if lists := sorted([*filter(LIST.fullmatch, counts), *joined]):
        raise ConfigError(
            f"Every example must have exactly one class. Received: {name_some(lists)} in {table}, "
            "which looks like lists of labels. Keep one class per example, as plain text; if these "
            "are classes, add --data.layout classes."
        )


def _refuse_measurements(table: Path, counts: Mapping[str, int]) -> None:
    """Refuse numbers with fractions; warn of whole numbers that mostly occur once."""
    if not all(NUMBER.fullmatch(name.replace(",", ".")) for name in counts):
        return
    broken = sorted(name for name in counts if not WHOLE.fullmatch(name))
    if broken:
        raise ConfigError(
            "Every label must be a class. Received: numbers with fractions such as "
            f"{name_some(broken, most=3)} in {table}, which look like measurements. Write classes, "
            "such as ranges (low, high); if these are classes, add --data.layout classes."
        )
    single = sum(count == 1 for count in counts.values())
    if len(counts) > MEASURED and single > len(counts) / 2:
        text = "%s: %d of %d labels are numbers of one example: are these measurements?"
        logger.warning(text, table.name, single, len(counts))


def _refuse_spellings(table: Path, counts: Mapping[str, int]) -> None:
    alike = group_spellings(counts)
    if alike:
        shown = [" and ".join(f"{name!a} ({counts[name]:,})" for name in g) for g in alike]
        raise ConfigError(
            "Class names must differ in more than letter case, blanks and zeros. Received: "
            f"{name_some(shown, '; ', most=2)} in {table}. Write them the same; if they are two "
            "classes, add --data.layout classes."
        )
