"""The numbers in images of more than 8 bits a channel, all of their bits.

Pillow keeps them where an image is gray. Of 16-bit colours it reads the upper byte only, so those
are read twice: the second time it is told the other order of the bytes, which gives the lower one.
"""

import sys
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFile

GRAY_KINDS = {"I": "32 bits", "F": "floats"}  # and 16 bits
OPPOSITE = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
BOTH_BYTES = {"LA;16B": "RGBA"}  # a gray and an alpha of two bytes each, as four channels
SWAPPED = {"I;16BS", "I;32BS", "F;32BF", "F;64BF"}
PLANES = 284  # the TIFF tag that says whether colours are apart
NO_DATA = 42113  # the TIFF tag with the number that stands for "nothing measured here"


def find_kind(image: Image.Image) -> str:
    """Return what an open image, not loaded yet, holds: 8 bits, 16 bits, 32 bits or floats.

    Raises:
        OSError: Pillow would read other pixels than there are.
    """
    codecs = {tile.codec_name for tile in getattr(image, "tile", ())}
    if image.mode in GRAY_KINDS:
        # libtiff swaps the bytes, and Pillow does it again: numbers without meaning
        if codecs == {"libtiff"} and {*_list_codings(image)} & SWAPPED:
            raise OSError("compressed big-endian numbers are not read; store them uncompressed")
        return GRAY_KINDS[image.mode]
    if image.mode.startswith("I;16"):
        return "16 bits"
    bits = getattr(image, "tag_v2", {}).get(258)  # BitsPerSample of a TIFF
    planes = codecs == {"raw"} and len(_list_codings(image)) > 1
    if planes and isinstance(bits, tuple) and 16 in bits:
        raise OSError("16-bit colours in separate planes are not read; store them interleaved")
    return "16 bits" if _is_deep(image) else "8 bits"


def read_values(image: Image.Image, again: Callable[[], ImageFile.ImageFile]) -> np.ndarray:
    """Load an open image of more than 8 bits, and return its numbers.

    Args:
        image: Not loaded yet.
        again: Opens the same image once more.

    Returns:
        (height, width), or with 3 channels or 4, of any number type. 65535 is full opacity.
    """
    codings = _list_codings(image)
    nothing = str(getattr(image, "tag_v2", {}).get(NO_DATA, "")).strip(" \0")
    image.load()
    if image.getbands() in (("I",), ("F",)) or image.mode.startswith("I;16"):
        return _drop_nothing(_restore_sign(image), nothing)
    upper = np.asarray(image).astype(np.uint16)
    (coding,) = codings
    if coding in BOTH_BYTES:
        upper, lower = _split_bytes(_load_as(again, BOTH_BYTES[coding]))
    elif coding.startswith(("RGB;", "RGBA;", "RGBX;")):
        lower = _load_as(again, coding[:-1] + OPPOSITE[coding[-1]])
    else:  # CMYK and premultiplied alpha: 8 bits of the 16
        lower = upper
    if getattr(image, "tag_v2", {}).get(PLANES) == 2:  # nor of separate planes
        lower = upper
    return upper * np.uint16(256) + lower


def _restore_sign(image: Image.Image) -> np.ndarray:
    """Return gray numbers; Pillow takes unsigned ones of 32 bits for signed ones."""
    values, tags = np.asarray(image), getattr(image, "tag_v2", {})
    unsigned = tags.get(258) == (32,) and tags.get(339, (1,)) == (1,)  # bits and their format
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values


def _list_codings(image: Image.Image) -> list[str]:
    """Return how each tile says that its pixels are stored, such as RGB;16B."""
    arguments = (tile.args for tile in getattr(image, "tile", ()))
    return sorted({str(found[0] if isinstance(found, tuple) else found) for found in arguments})


def _is_deep(image: Image.Image) -> bool:
    codings = _list_codings(image)
    return len(codings) == 1 and ";16" in codings[0]


def _load_as(again: Callable[[], ImageFile.ImageFile], coding: str) -> np.ndarray:
    """Load an image once more as if its pixels were stored in another way of the same length."""
    with again() as image:
        image.tile = [
            tile._replace(args=(coding, *tile.args[1:]) if isinstance(tile.args, tuple) else coding)
            for tile in image.tile
        ]
        image.load()
        return np.asarray(image)


def _split_bytes(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower bytes of gray and alpha as (height, width, 4)."""
    upper, lower = pairs[..., [0, 0, 0, 2]], pairs[..., [1, 1, 1, 3]]
    return upper.astype(np.uint16), lower


def _drop_nothing(values: np.ndarray, nothing: str) -> np.ndarray:
    """Make what stands for "nothing measured here" NaN."""
    try:
        number = float(nothing)
    except ValueError:
        return values
    missing = values == values.dtype.type(number) if values.dtype.kind == "f" else values == number
    return np.where(missing, np.nan, values) if missing.any() else values
