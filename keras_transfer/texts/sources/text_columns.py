"""What columns of texts and of their classes are called, and which of them a table has."""

import logging
from collections.abc import Collection, Iterable

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.tables.find_columns import LABELS, PATHS, Wanted
from keras_transfer.data.sources.tables.read_table import simplify

logger = logging.getLogger(__name__)

# Names as people write them, the likelier first; compared by `simplify`.
PAIRS = (
    *(("text", "text2"), ("text1", "text2"), ("texta", "textb")),
    *(("sentence1", "sentence2"), ("sentencea", "sentenceb"), ("question1", "question2")),
    *(("premise", "hypothesis"), ("question", "sentence"), ("query", "passage")),
)
TEXTS = (
    *("text", "texts", "sentence", "review", "reviewtext", "content", "body", "comment"),
    *("commenttext", "message", "tweet", "tweettext", "utterance", "document", "article", "post"),
    *("sms", "headline", "description", "question", "query", "snippet", "phrase", "abstract"),
    *("passage", "title"),
)
CLASSES = (
    *LABELS,
    *("labeltext", "sentiment", "polarity", "y", "goldlabel", "intent", "topic", "rating"),
    *("stars", "isduplicate"),
)
TABLE = Wanted("text,label", CLASSES)

# Columns of paths that make a table one of images; numbers of rows are in others as well.
FILES = {*PATHS} - {"id", "idcode"}
KNOWN = {*TEXTS, *CLASSES, *(name for pair in PAIRS for name in pair)}


def pick_texts(names: Iterable[str]) -> list[str]:
    """Return the one or two of these names of columns or features that are likely texts."""
    found = {simplify(name): name for name in names}
    for pair in PAIRS:
        if all(name in found for name in pair):
            return [found[name] for name in pair]
    return next(([found[name]] for name in TEXTS if name in found), [])


def tell_texts(where: str, chosen: list[str]) -> None:
    """Say which columns the texts are in, where they are not called as the program calls them."""
    if chosen not in (["text"], ["text", "text_2"]):
        columns = "the column" if len(chosen) == 1 else "the columns"
        logger.info("%s: the texts are in %s %s", where, columns, name_some(chosen))


def is_header(cells: Collection[str]) -> bool:
    """Return whether the first row of a table names its columns."""
    return any(simplify(cell) in KNOWN for cell in cells)


def is_about_files(names: Iterable[str]) -> bool:
    """Return whether a column of these names is likely to hold paths of files."""
    return any(simplify(name) in FILES for name in names)
