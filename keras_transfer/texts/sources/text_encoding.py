"""In which encoding a file of text is: UTF-8, UTF-16 with its mark, else what Windows wrote."""

import codecs
import io
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import count_of
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

CHUNK = 2**20  # bytes that are looked at, at a time
UNUSED = b"\x81\x8d\x8f\x90\x9d"  # bytes that are no letter of cp1252
REPLACED = "\ufffd"


class Encoding(NamedTuple):
    """How bytes become text."""

    name: str  # as Python calls it
    broken: int = 0  # places that are no UTF-8, each read as one replacement character

    @property
    def errors(self) -> str:
        """What Python is to do with bytes that do not fit."""
        return "replace" if self.broken else "strict"


def find_encoding(chunks: Iterable[bytes]) -> Encoding | None:
    """Return the encoding of the bytes of a file, None if they are no text: they hold zeros.

    A few bytes that do not fit into UTF-8 with accents make no other encoding of it.
    """
    chunks = iter(chunks)
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _try_utf16(_chain(first, chunks))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = foreign = 0
    unused = False
    for chunk in _chain(first, chunks):
        if b"\0" in chunk:
            return None
        if chunk.isascii():  # most are, and the check is quick
            broken += decoder.getstate()[0] != b""
            decoder.reset()
            continue
        text = decoder.decode(chunk)
        broken += text.count(REPLACED) - chunk.count(REPLACED.encode())
        foreign += len(text.encode("ascii", "ignore")) - len(text)
        unused = unused or any(byte in UNUSED for byte in chunk)
    broken += len(decoder.decode(b"", final=True))
    if broken <= 0 or -foreign > 2 * broken:
        return Encoding("utf-8-sig", max(0, broken))
    return Encoding("latin-1" if unused else "cp1252")


def find_file_encoding(file: Path) -> Encoding:
    """Return the encoding of a file; one that is not plain UTF-8 or UTF-16 is named in a warning.

    Raises:
        ConfigError: It is no text, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            encoding = find_encoding(iter(lambda: stream.read(CHUNK), b""))
    except OSError as error:
        raise ConfigError(
            f"`dataset` must be readable. Received: {file} ({error.strerror}). Change its "
            "permissions."
        ) from error
    if encoding is None:
        raise ConfigError(
            f"A table must be text. Received: {file}, which holds zero bytes: an archive, a "
            'workbook or the like. Unpack it, or save the sheet as "CSV UTF-8".'
        )
    tell_encoding(file.name, encoding)
    return encoding


def tell_encoding(name: str, encoding: Encoding) -> None:
    """Warn of a text that is in no encoding of Unicode, or not quite."""
    if encoding.broken:
        places = count_of(encoding.broken, "place is", "places are")
        logger.warning("%s: %s no UTF-8 and read as %s", name, places, REPLACED)
    elif not encoding.name.startswith("utf"):
        text = "%s: read as %s, since it is no UTF-8; save it as UTF-8 if letters look wrong"
        logger.warning(text, name, encoding.name)


def open_text(file: Path, encoding: Encoding) -> io.TextIOWrapper:
    """Open a file as text whose ends of lines stay as they are."""
    return file.open(encoding=encoding.name, errors=encoding.errors, newline="")


def _try_utf16(chunks: Iterator[bytes]) -> Encoding | None:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        if any("\0" in decoder.decode(chunk) for chunk in chunks):
            return None
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return Encoding("utf-16")


def _chain(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks
