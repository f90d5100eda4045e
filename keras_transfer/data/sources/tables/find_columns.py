"""Which columns of a table hold the paths and the classes, by their names and what is in them."""

import logging
import os
import re
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.class_names import WHOLE, order_class_names
from keras_transfer.data.sources.tables.read_table import Columns, simplify
from keras_transfer.data.sources.tables.table_labels import is_filled
from keras_transfer.data.sources.tables.table_splits import name_mark
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# Names of columns as people write them, the likelier first; compared by `simplify`.
PATHS = (
    *("path", "filepath", "imagepath", "imgpath", "relativepath", "relativeimpath"),
    *("paths", "filepaths", "imagepaths", "filenames", "imagenames"),
    *("filename", "file", "fname", "imagefilename", "imagefile", "imagename", "imgname"),
    *("image", "img", "images", "imageid", "imgid", "isicid", "photo", "picture", "id", "idcode"),
)
LABELS = (
    *("label", "labelname", "class", "classname", "category", "categoryname", "target"),
    *("labels", "classes", "labelid", "classid", "classindex", "categoryid", "species"),
    *("breed", "diagnosis", "dx", "level", "grade", "emotion", "tag", "tags"),
)
TOGETHER = ("patient", "patientid", "subject", "subjectid", "lesionid", "groupid", "groups")
NAMED = ("labelname", "classname")  # the names of the numbers in `label`
BOXES = ({"xmin", "ymin"}, {"x1", "y1"}, {"bbox"}, {"boundingbox"}, {"bboxx1"}, {"roix1"})

MARKS = {"0", "1", "0.0", "1.0", "true", "false"}
TRUE = {"1", "1.0", "true"}
UNNAMED = re.compile(r"Unnamed: \d")  # what pandas calls the numbers of rows
TRIED = 50  # cells that tell whether a column holds paths


class Wanted(NamedTuple):
    """What a table of some kind of examples is to hold."""

    columns: str  # that it must have, as messages say them
    labels: tuple[str, ...]  # names of columns of classes, the likelier first


FILES = Wanted("path,label", LABELS)


class Classes(NamedTuple):
    """The class of each row."""

    labels: list[str]
    order: list[str] | None  # class names in index order, if the table says it
    columns: list[str]  # where they were read


def find_paths(table: Path, columns: Columns) -> str:
    """Return the name of the column that holds the paths of files.

    Raises:
        ConfigError: There is none.
    """
    if "path" in columns:
        return "path"
    named = pick(columns, PATHS)
    if not named:
        raise ConfigError(explain_columns(table, columns))
    there = [name for name in named if _holds_files(table, columns[name])]
    chosen = (there or named)[0]
    logger.info("%s: the paths are in the column %s", table.name, chosen)
    return chosen


def find_classes(table: Path, columns: Columns, taken: set[str], wanted: Wanted = FILES) -> Classes:
    """Return the class of each row: of a column of labels, or of a column of 0 and 1 per class.

    Args:
        table: Named in messages.
        columns: Of it.
        taken: Names of columns that hold something else.
        wanted: Which names of columns are understood.

    Raises:
        ConfigError: There are no classes, several columns could hold them, or a row has several.
    """
    named = [name for name in pick(columns, wanted.labels) if name not in taken]
    if "label" in columns:
        _tell_of_names(table, columns, [name for name in named if name != "label"])
        return Classes(columns["label"], None, ["label"])
    if not named:
        return _read_marks(table, columns, taken, wanted)
    texts = [name for name in named if not _is_whole(columns[name])]
    chosen = (texts or named)[0]
    others = [name for name in named if name != chosen]
    if any(not _tell_same(columns[chosen], columns[name]) for name in others):
        raise ConfigError(
            "A table must have one column `label`. Received: the columns "
            f"{name_some([chosen, *others])} in {table}. Rename the one that holds the classes to "
            "label."
        )
    numbers = next((name for name in others if _is_whole(columns[name])), None)
    order, said = None, f"the classes are in the column {chosen}"
    if numbers:  # its order is what other programs have learned
        names = dict(zip(columns[numbers], columns[chosen], strict=True))
        order = [names[number] for number in order_class_names(names)]
        said += f", in the order of {numbers}"
    logger.info("%s: %s", table.name, said)
    return Classes(columns[chosen], order, named)


def tell_unused(table: Path, columns: Columns, used: set[str]) -> None:
    """Name the columns that are not used, and those that should be.

    Args:
        table: Named in messages.
        columns: Of it.
        used: Names of those that are used, or have been spoken of.
    """
    rest = [name for name in columns if name not in used and not UNNAMED.match(name)]
    if rest:
        logger.info("%s: not used: the columns %s", table.name, name_some(rest, most=8))
    for name in pick({name: columns[name] for name in rest}, TOGETHER):
        values = {cell for cell in columns[name] if cell}
        if "group" not in columns and 1 < len(values) < len(columns[name]):
            logger.warning(
                "%s: one %s may be in several splits; rename that column to group",
                table.name,
                name,
            )


def has_boxes(columns: Columns) -> bool:
    """Return whether a table has columns for the corners of boxes."""
    names = {simplify(name) for name in columns}
    return any(box <= names for box in BOXES)


def pick(columns: Columns, names: tuple[str, ...]) -> list[str]:
    """Return the columns of these names, in the order of the names."""
    found = {simplify(name): name for name in columns}
    return [found[name] for name in names if name in found]


def _holds_files(table: Path, cells: list[str]) -> bool:
    paths = [cell.replace("\\", "/") for cell in cells[:TRIED]]
    return any(os.path.isfile(table.parent / path) for path in paths)


def _is_whole(cells: list[str]) -> bool:
    labels = {cell for cell in cells if is_filled(cell)}
    return bool(labels) and all(map(WHOLE.fullmatch, labels))


def _tell_same(first: list[str], second: list[str]) -> bool:
    """Return whether each value of one column goes with one value of the other."""
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len(set(first)) == len(set(second))


def _tell_of_names(table: Path, columns: Columns, others: list[str]) -> None:
    """Say that the labels are numbers where a column beside them has their names."""
    for name in others if _is_whole(columns["label"]) else []:
        if _is_whole(columns[name]):
            continue
        if _tell_same(columns["label"], columns[name]):
            text = "%s: classes are the numbers of label; to have the names, rename %s to label"
            logger.warning(text, table.name, name)
        elif simplify(name) in NAMED:
            text = "%s: label is used; %s does not agree with it on which examples are of one class"
            logger.warning(text, table.name, name)


def _read_marks(table: Path, columns: Columns, taken: set[str], wanted: Wanted) -> Classes:
    """Return the classes of a table with a column of 0 and 1 for each class."""
    free = [name for name in columns if name not in taken and not name_mark(name)]
    marks = [n for n in free if columns[n] and {cell.lower() for cell in columns[n]} <= MARKS]
    if len(marks) < 2:
        raise ConfigError(explain_columns(table, columns, wanted))
    rows = zip(*([cell.lower() in TRUE for cell in columns[name]] for name in marks), strict=True)
    chosen = [[name for name, mark in zip(marks, row, strict=True) if mark] for row in rows]
    if odd := sum(len(names) != 1 for names in chosen):
        raise ConfigError(
            "A table must have one column `label` with one class per row. Received: a 0/1 column "
            f"for each of {name_some(marks)} in {table}, where {odd} of {len(chosen)} rows have "
            "several 1 or none, which looks like multi-label data. Write the name of the class "
            "into `label`, or remove the columns that are no classes."
        )
    labels = [names[0] for names in chosen]
    order = [name for name in marks if name in set(labels)]
    logger.info("%s: the classes are the columns %s, of 0 and 1", table.name, name_some(order))
    if empty := [name for name in marks if name not in order]:
        logger.warning("%s: no example of %s; no class of the model", table.name, name_some(empty))
    return Classes(labels, order, marks)


def explain_columns(table: Path, columns: Columns, wanted: Wanted = FILES) -> str:
    """Return an error for a table whose columns are not those needed."""
    received = name_some(list(columns)) or "nothing"
    if any(os.path.isfile(table.parent / name) for name in columns):
        received += ", which is a row: the names of the columns are missing"
    elif any(simplify(name).startswith("pixel") for name in columns):
        received += ", which looks like pixels: images must be files"
    return (
        f"A table must have the columns {wanted.columns} and may have split,group. Received: "
        f"{received} in {table}. Write those names into its first line."
    )
