"""Which image formats are read: the one list, and the only place where Pillow opens a file.

Pillow knows more than these. Its reader of EPS starts Ghostscript on whatever begins with `%!PS`,
that of IPTC opens what is inside without asking of which format it is, and the others are little
used code for what nobody trains on.
"""

import contextlib
import functools
import io
from pathlib import Path
from typing import IO

from PIL import Image, ImageFile

from keras_transfer.data.shards.member_files import may_be_member, read_file

FORMATS = (
    *("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF"),
    *("JPEG2000", "PPM", "PSD", "ICO", "PCX", "SGI", "QOI", "TGA"),  # TGA last: it has no mark
)
# What people mistake for an image and Pillow does not know: where its mark is, and the mark
OTHERS = (
    ("PDF", 0, b"%PDF"),
    ("SVG", 0, b"<SVG"),
    ("HTML", 0, b"<HTM"),
    ("HTML", 0, b"<!DO"),
    ("JPEG XL", 4, b"JXL "),
    ("DICOM", 128, b"DICM"),
)
HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")


def open_image(file: str | Path | IO[bytes]) -> ImageFile.ImageFile:
    """Open an image of one of `FORMATS`; its pixels are not loaded yet.

    Args:
        file: The open file; or a name, which may lead into a tar shard.

    Raises:
        OSError: It is none of them, or cannot be read.
    """
    if isinstance(file, str | Path) and may_be_member(file):
        file = io.BytesIO(read_file(file))
    return Image.open(file, formats=list_formats())


@functools.cache
def list_formats() -> tuple[str, ...]:
    """Return the names of the `FORMATS` that Pillow can read here."""
    with contextlib.suppress(ImportError):  # photographs of telephones, where it is installed
        from pillow_heif import register_heif_opener

        register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def explain_unknown(content: bytes) -> str:
    """Return in words what a file is that `open_image` did not know, from its first bytes."""
    if content[4:12] in HEIC and "HEIF" not in list_formats():
        return "of the format HEIC: install pillow-heif to read it"
    name = _find_name(content)
    if name in FORMATS:
        return f"of the format {name}, damaged or of a kind that Pillow does not read"
    return f"of the format {name}, which is not read" if name else "of no known image format"


def _find_name(content: bytes) -> str:
    """Return the name of a file's format, "" if it is unknown. None of its reader's code runs."""
    for name, place, mark in OTHERS:
        if content[place : place + len(mark)].upper() == mark:
            return name
    for name, (_, is_marked) in Image.OPEN.items():
        with contextlib.suppress(Exception):  # they are made for 16 bytes, and there may be fewer
            if is_marked is not None and is_marked(content[:16]) is True:
                return str(name)
    return ""
