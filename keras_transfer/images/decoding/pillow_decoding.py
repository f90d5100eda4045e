"""Read images as a person sees them, whatever their format, with Pillow."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from keras_transfer.config.messages import say_fault
from keras_transfer.config.pixels.value_range import FULL, parse_range
from keras_transfer.data.shards.member_files import find_member, read_file
from keras_transfer.images.decoding.decoding_memory import (
    LARGE,
    Least,
    decoding,
    draft_scaled,
)
from keras_transfer.images.decoding.deep_values import find_kind, read_values
from keras_transfer.images.decoding.image_formats import explain_unknown, open_image
from keras_transfer.images.decoding.same_pixels import find_orientation
from keras_transfer.images.decoding.shades import find_shades, shade_values, share_outside

Shrink = Callable[[np.ndarray], np.ndarray]

MOST_BYTES = 2**30  # of a file: no photograph has them, but a film in the wrong folder may

NO_ACCESS = "a folder that cannot be read"  # others are never taken for a file

WHITE = (255, 255, 255, 255)

# EXIF orientation -> what turns the image upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Unusable(Exception):
    """Says why a file is no image that can be used."""


def read_content(file: str | Path) -> bytes:
    """Return the bytes of a file that may hold an image.

    Raises:
        Unusable: It cannot be read, is too large, or no file.
    """
    try:
        if find_member(file):
            return read_file(file)
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
            raise Unusable("not a file" if not stat.S_ISDIR(status.st_mode) else NO_ACCESS)
        if status.st_size > MOST_BYTES:
            raise Unusable(f"larger than {MOST_BYTES / 2**30:.0f} GiB")
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise Unusable(f"the file cannot be read: {error.strerror}") from error
    except ValueError as error:  # a zero in the name
        raise Unusable(f"the file cannot be read: {error}") from error


def explain_failure(error: Exception, content: bytes) -> str:
    """Return in words why Pillow did not load an image."""
    if not content:
        return "the file is empty"
    if isinstance(error, MemoryError):
        return "there is not enough memory to load it"
    if isinstance(error, UnidentifiedImageError):
        return explain_unknown(content)
    return say_fault(error)  # damaged files raise anything, from SyntaxError to struct.error


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One image as the network may see it."""

    pixels: np.ndarray
    """(height, width, 3), uint8 in `[0, 255]`: upright, in RGB, transparency on white."""
    kind: str
    """What the file holds: 8 bits, 16 bits, 32 bits or floats."""
    outside: float = 0.0
    """Share of its numbers that were clipped."""
    small: bool = False
    """Whether `shrink` has made it small."""


def load_image(
    file: str | Path | IO[bytes], least: Least | None = None, value_range: str = FULL
) -> np.ndarray:
    """Read the pixels of one image; see `load_picture`."""
    return load_picture(file, least, value_range).pixels


def load_picture(
    file: str | Path | IO[bytes],
    least: Least | None = None,
    value_range: str = FULL,
    shrink: Shrink | None = None,
) -> Picture:
    """Read one image upright and in RGB, first frame only, transparency on white.

    Args:
        file: Of any of `FORMATS`; a name, or the open file.
        least: What the sides of a JPEG must reach at the scale at which it is read, see
            `find_least`. None: it is read at its own size.
        value_range: As `data.value_range` says, resolved. `full`: 16 bits and 32 reach from 0 to
            65535, floats to 1, or to 255 where one is above 1.
        shrink: Makes the pixels of a large image few, before the next image may be decoded.

    Raises:
        OSError: Pillow cannot read the file.
    """

    def again() -> ImageFile.ImageFile:
        if not isinstance(file, str | Path):
            file.seek(0)
        return open_image(file)

    with open_image(file) as image:
        kind, limits = find_kind(image), parse_range(value_range)
        size, outside = image.size, 0.0
        if least:
            draft_scaled(image, least)
        with decoding(image, size):
            if limits is None or kind == "8 bits":
                image.load()
                shown = show_image(image, value_range)
            else:
                values = read_values(image, again)
                shades = Image.fromarray(shade_values(values, limits))
                shown, outside = show_shades(shades, image), share_outside(values, limits)
            pixels = np.asarray(shown)
            small = shrink is not None and image.width * image.height > LARGE
            if shrink is not None and small:
                pixels = shrink(pixels)
        return Picture(pixels=pixels, kind=kind, outside=outside, small=small)


def show_image(image: Image.Image, value_range: str = FULL) -> Image.Image:
    """Return a loaded image upright and in RGB, transparency on white.

    Args:
        image: Of 16-bit colours it has the upper byte only.
        value_range: As `load_picture` takes it.
    """
    limits = parse_range(value_range)
    if limits and (image.mode in ("I", "F") or image.mode.startswith("I;16")):
        shown = Image.fromarray(shade_values(np.asarray(image), limits)).convert("RGB")
    else:
        shown = _to_rgb(image, find_shades(value_range))
    return _turn_upright(shown, image)


def show_shades(shades: Image.Image, image: Image.Image) -> Image.Image:
    """Return shades of gray, RGB or RGBA in RGB, on white and turned as their image says."""
    return _turn_upright(_lay_on_white(shades), image)


def _turn_upright(shown: Image.Image, image: Image.Image) -> Image.Image:
    """Turn what an image shows as its EXIF data say.

    Pillow's `exif_transpose` also rewrites EXIF and fails where it is odd.
    """
    method = UPRIGHT.get(find_orientation(image))
    return shown if method is None else shown.transpose(method)


def _to_rgb(image: Image.Image, shades: np.ndarray | None) -> Image.Image:
    """Convert any Pillow mode to RGB; `shades` are those of the numbers in 8 bits."""
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow would clip 16-bit gray at 255: a picture all white. 257 maps 65535 to 255.
        gray = np.asarray(image).astype(np.float64) / 257.0
        return Image.fromarray(np.clip(gray.round(), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        gray = np.nan_to_num(np.asarray(image))
        scale = 255.0 if gray.max(initial=0.0) <= 1.0 else 1.0
        gray = np.clip(gray * scale, 0, 255).round().astype(np.uint8)
        return Image.fromarray(gray).convert("RGB")
    alpha = image.has_transparency_data
    if image.mode != "RGB" or alpha:
        image = image.convert("RGBA" if alpha else "RGB")
    if shades is not None:
        table = [*shades.tolist() * 3, *(range(256) if alpha else ())]
        image = image.point(table)
    return _lay_on_white(image)


def _lay_on_white(image: Image.Image) -> Image.Image:
    """Return an image of gray, RGB or RGBA in RGB."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
