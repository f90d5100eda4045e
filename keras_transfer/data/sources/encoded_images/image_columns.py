"""Which columns of a table of encoded images hold the image and its class."""

import logging
from collections.abc import Sequence
from typing import Literal, NamedTuple

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.tables.find_columns import LABELS
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

IMAGES = (
    *("image", "img", "images", "picture", "photo", "pixels", "jpg", "jpeg", "png", "webp"),
    *("imagebytes", "bytes", "content"),
)


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: Literal["image", "bytes", "classes", "value", "list", "other"]
    """image: encoded images, with what they are called. bytes: without. classes: numbers that
    have names. value: text or whole numbers. list: several of something in a row."""
    shown: str  # its type, as messages say it
    class_names: tuple[str, ...] = ()


def choose_columns(where: str, columns: Sequence[Column], remedy: str) -> tuple[Column, Column]:
    """Return the column of the image and that of its class.

    Args:
        where: What the table is called in messages.
        columns: All that it has.
        remedy: What to do where they cannot be told.

    Raises:
        ConfigError: There is none, or several could be it.
    """
    images = [c for c in columns if c.kind == "image"] or [c for c in columns if c.kind == "bytes"]
    labels = [c for c in columns if c.kind == "classes"]
    labels = labels or [c for c in columns if c.kind == "value" and simplify(c.name) in LABELS]
    image, label = _pick(images, IMAGES), _pick(labels, ("label",))
    if image and label:
        rest = [column.name for column in columns if column not in (image, label)]
        if rest:
            logger.info("%s: not used: the columns %s", where, name_some(rest, most=8))
        return image, label
    shown = name_some([f"{c.name} ({c.shown})" for c in columns], most=8) or "nothing"
    if any(column.kind == "list" for column in columns):
        shown += ", and looks like detection or multi-label data"
    elif not images and {simplify(column.name) for column in columns} & {"text", "sentence"}:
        remedy = "If these are texts, set `data.modality` to text."
    raise ConfigError(
        "`dataset` must be image classification data: one column of encoded images and one of "
        f"labels. Received: {where} with the columns {shown}. {remedy}"
    )


def _pick(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    """Return the only column, or the only one with the first of these names."""
    if len(columns) == 1:
        return columns[0]
    named = {simplify(column.name): column for column in columns}
    return next((named[name] for name in names if name in named), None)
