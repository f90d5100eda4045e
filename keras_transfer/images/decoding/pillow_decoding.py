"""Read images as a person sees them, whatever their format, with Pillow."""

import os
import stat
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from keras_transfer.images.decoding.same_pixels import find_orientation

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
        return "not an image that Pillow knows"
    # damaged files raise anything, from SyntaxError to struct.error; a long text would widen tables
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def load_image(file: str | Path | IO[bytes], at_least: int = 0) -> np.ndarray:
    """Read one image upright and in RGB, first frame only, transparency on white.

    Args:
        file: Any format that Pillow reads; a name, or the open file.
        at_least: A JPEG may be read at a fraction of its size whose sides are no smaller than this,
            in pixels. 0: at its own size.

    Returns:
        Pixels (height, width, 3), uint8 in `[0, 255]`.

    Raises:
        OSError: Pillow cannot read the file.
    """
    with Image.open(file) as image:
        if at_least:
            image.draft("RGB", (at_least, at_least))
        image.load()
        return np.asarray(show_image(image))


def show_image(image: Image.Image) -> Image.Image:
    """Return a loaded image upright and in RGB, transparency on white."""
    return _to_rgb(_turn_upright(image))


def _turn_upright(image: Image.Image) -> Image.Image:
    """Turn as EXIF says; Pillow's `exif_transpose` also rewrites EXIF and fails where it is odd."""
    method = UPRIGHT.get(find_orientation(image))
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any Pillow mode to RGB."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow would clip 16-bit gray at 255: a picture all white. 257 maps 65535 to 255.
        gray = np.asarray(image).astype(np.float64) / 257.0
        return Image.fromarray(np.clip(gray.round(), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        gray = np.nan_to_num(np.asarray(image))
        scale = 255.0 if gray.max(initial=0.0) <= 1.0 else 1.0
        gray = np.clip(gray * scale, 0, 255).round().astype(np.uint8)
        return Image.fromarray(gray).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    return image.convert("RGB")
