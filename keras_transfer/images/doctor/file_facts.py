"""What one image file says of itself: its hash, whether Pillow loads it, and what is odd about it.

Nothing here knows of the other files; `inspection.py` asks for all of them.
"""

import hashlib
import io
import os
from collections.abc import Callable
from typing import NamedTuple

import imagehash
import numpy as np
from PIL import Image

from keras_transfer.images.decoding.decoding_memory import (
    Least,
    decoding,
    draft_scaled,
    find_scale,
)
from keras_transfer.images.decoding.deep_values import find_kind, read_values
from keras_transfer.images.decoding.image_formats import open_image
from keras_transfer.images.decoding.pillow_decoding import (
    Unusable,
    explain_failure,
    load_image,
    read_content,
    show_image,
    show_shades,
)
from keras_transfer.images.decoding.same_pixels import find_orientation, is_plain
from keras_transfer.images.decoding.shades import shade_values
from keras_transfer.images.doctor.value_span import BYTES, find_extremes, measure_values

LEAST_SIDE = 64  # pixels: smaller images look alike too easily for a perceptual hash
HASHED = 128  # JPEGs are hashed at the smallest of their own scales that is no smaller than this
JPEGS = ("JPEG", "MPO")  # as Pillow calls them
LONG = 4  # times as long as wide: less than a quarter of the image is in its central square
# Formats of several pictures that are no film
STILL_FORMATS = ("MPO", "PSD", "ICO", "ICNS", "TIFF")


class Wanted(NamedTuple):
    """What else the pixels of a file are for, which is then not read again."""

    keep: Callable[[Image.Image], None]  # gets those of 8 bits as `show_image` returns them
    least: Least  # at this scale


class Facts(NamedTuple):
    """What was found in one file."""

    sha256: str  # hexadecimal; "" where the file could not be read
    reason: str = ""  # "" where Pillow loads the whole image, else why not
    plain: bool = False  # TensorFlow decodes it to exactly Pillow's pixels
    odd: str = ""  # what is unusual, words joined by ", "
    width: int = 0  # pixels, as a person sees the image
    height: int = 0
    kind: str = ""  # of its numbers: 8 bits, 16 bits, 32 bits or floats
    low: float = 0.0  # smallest and largest of its numbers, but for a few that reach far
    high: float = 0.0
    look: int = 0  # perceptual hash of 64 bits; 0 also where the short side is below LEAST_SIDE


def inspect_file(file: str, wanted: Wanted | None = None) -> Facts:
    """Read one file, hash it, load it with Pillow and note what is unusual.

    Images that Pillow only warns of are usable.

    References:
        The perceptual hash is `imagehash.phash`: signs of the lowest frequencies of a cosine
        transform (Zauner 2010, Implementation and benchmarking of perceptual image hash functions).
    """
    try:
        content = read_content(file)
    except Unusable as error:
        return Facts("", str(error))
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        with open_image(io.BytesIO(content)) as image:
            return _look_at(image, content, os.path.basename(file), sha256, wanted)
    except MemoryError as error:  # of this moment: without a hash it is not remembered
        return Facts("", explain_failure(error, content))
    except Exception as error:
        return Facts(sha256, explain_failure(error, content))


def _look_at(
    image: Image.Image, content: bytes, name: str, sha256: str, wanted: Wanted | None
) -> Facts:
    mode, size, kind = image.mode, image.size, find_kind(image)
    orientation = getattr(image, "tag_v2", {}).get(274)  # of a TIFF, which Pillow turns itself
    turned = orientation in range(2, 9)
    factor = _draft(image, wanted)
    serves = wanted and kind == BYTES and (factor or (image.size, image.mode) == (size, mode))
    with decoding(image, size):
        plain = is_plain(image, content)
        shown, looked, low, high, finite = _load(image, content, kind, factor)
        if wanted and serves:
            wanted.keep(shown)
        look = _hash_look(looked) if min(size) >= LEAST_SIDE else 0
    if wanted and kind == BYTES and not serves:
        wanted.keep(Image.fromarray(load_image(io.BytesIO(content), wanted.least)))
    orientation = find_orientation(image)
    turned = turned or orientation != 1
    width, height = size if orientation < 5 else size[::-1]
    try:
        odd = ", ".join(_name_kinds(image, name, mode, kind, finite, size, turned))
    except Exception:  # an odd tag, but the image is loaded
        odd = ""
    return Facts(sha256, "", plain, odd, width, height, kind, low, high, look)


def _draft(image: Image.Image, wanted: Wanted | None) -> int:
    """Have a JPEG decoded small; 0, or by how much its pixels are then reduced to be hashed.

    It is decoded without colour at the scale of the hash; but where that is no larger than one at
    which the pixels are wanted, in colour at that one: their means are those of the smaller scale.
    In both cases all of the compressed data is read, so the same files fail (3,060 damaged ones
    compared).
    """
    if min(image.size) < LEAST_SIDE:
        return 0
    hashed = find_scale(image.size, Least(HASHED, HASHED))
    scale = find_scale(image.size, wanted.least) if wanted else 1
    if wanted and 1 < scale <= hashed and image.format in JPEGS:
        draft_scaled(image, wanted.least)
        return hashed // scale
    draft_scaled(image, Least(HASHED, HASHED), "L")
    return 0


def _load(
    image: Image.Image, content: bytes, kind: str, factor: int
) -> tuple[Image.Image, Image.Image, float, float, bool]:
    """Load an image; return what it shows, and that as it is hashed, smaller where it is large.

    Returns:
        Then its smallest and its largest number, and whether all are finite. An image of more than
        8 bits is shown from its own smallest number to its largest.
    """
    if kind == BYTES:
        image.load()
        shown = show_image(image)
        looked = shown.convert("L").reduce(factor) if factor else shown
        return shown, looked, *find_extremes(image if image.mode == "L" else looked), True
    values = read_values(image, lambda: open_image(io.BytesIO(content)))
    low, high, finite = measure_values(values)
    limits = (low, high) if low < high else (low, low + 1)
    shown = show_shades(Image.fromarray(shade_values(values, limits)), image)
    return shown, shown, low, high, finite


def _hash_look(image: Image.Image) -> int:
    factor = min(image.size) // HASHED
    image = image.reduce(factor) if factor > 1 else image  # or the resampling takes most of it
    return int(np.packbits(imagehash.phash(image).hash.ravel()).view(">u8")[0])


def _name_kinds(
    image: Image.Image,
    name: str,
    mode: str,
    kind: str,
    finite: bool,
    size: tuple[int, int],
    turned: bool,
) -> list[str]:
    """Return what is unusual in words, of a loaded image with the mode and size it had before."""
    found = {
        "wrong extension": _lies(image, name),
        "elongated": max(size) > LONG * min(size),
        "animated": image.format not in STILL_FORMATS and _is_animated(image),
        "CMYK": mode == "CMYK",
        "alpha": image.has_transparency_data,
        "16-bit": kind == "16 bits",
        "32-bit": kind in ("32 bits", "floats"),
        "NaN or infinite": not finite,
        "rotated by EXIF": turned,
        "hidden": name.startswith("."),
    }
    return [kind for kind, holds in found.items() if holds]


def _lies(image: Image.Image, name: str) -> bool:
    """Return whether a file's name says another format than its content, or none."""
    said = Image.registered_extensions().get(os.path.splitext(name)[1].lower())
    return said != image.format and {said, image.format} != {"JPEG", "MPO"}


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # a later frame is damaged; only the first is used
        return True
