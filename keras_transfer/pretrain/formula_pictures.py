"""Images that formulas draw.

What the bundled weights were pretrained on: no photograph, nothing downloaded. Every picture is a
function of (seed, index, size). Only numpy and Pillow are needed, so that pretraining runs under
every Keras backend.

A picture is a background texture with one to four shapes on it, each filled with a texture of its
own; then light, contrast, blur and noise change at random.

References:
    Kataoka et al. 2020, Pre-training without natural images (fractals).
    Baradad et al. 2021, Learning to see by looking at noise (spectra, dead leaves).
    Takashima et al. 2023, Visual atoms (contours of two waves).
"""

import functools
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keras_transfer.pretrain.formula_shapes import SHAPES, TEXTURES, Random, make_grid
from keras_transfer.system.files.atomic_files import replacing

PIECE = 500  # pictures that a process draws at a time


class Pose(NamedTuple):
    """Where a shape lies, in shares of the picture's side."""

    x: float
    y: float
    radius: float
    angle: float  # radians


def draw_pictures(seed: int, indices: Iterable[int], size: int) -> np.ndarray:
    """Draw pictures; each depends on nothing but `seed`, its index and `size`.

    Args:
        seed: Names the set, 0 or more.
        indices: Name the pictures, 0 or more; at least one.
        size: Side in pixels, 32 or more.

    Returns:
        (n, size, size, 3) uint8, RGB.
    """
    return np.stack([_draw_picture(seed, index, size) for index in indices])


def keep_pictures(
    file: Path, seed: int, count: int, size: int, tell: Callable[[int], None]
) -> np.ndarray:
    """Draw pictures 0 to `count` on every core into a file, or find them there, and map the file.

    Args:
        file: A `.npy` file of count · size² · 3 bytes. It appears when it is whole.
        seed: Names the set, 0 or more.
        count: Number of pictures.
        size: Side in pixels, 32 or more.
        tell: Called now and then with the number that are drawn.

    Returns:
        (count, size, size, 3) uint8, RGB, read only.
    """
    if not file.exists():
        shape = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
        pieces = [range(start, min(start + PIECE, count)) for start in range(0, count, PIECE)]
        # New processes, since Keras' threads do not survive a fork.
        pool = multiprocessing.get_context("spawn").Pool()
        # Written, not mapped: a full disk is an error where a map would end the process.
        with pool, replacing(file) as unfinished, unfinished.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, shape)
            drawn = pool.imap(functools.partial(_draw_piece, seed, size), pieces)
            for piece, found in zip(pieces, drawn, strict=True):
                stream.write(found.tobytes())
                tell(piece.stop)
    return np.load(file, mmap_mode="r")


def _draw_piece(seed: int, size: int, indices: range) -> np.ndarray:
    """Draw a piece of the set; `Pool.imap` hands over one argument, so it is the last."""
    return draw_pictures(seed, indices, size)


def _draw_picture(seed: int, index: int, size: int) -> np.ndarray:
    random = np.random.default_rng((seed, index))
    ground, figure = _choose_colours(random), _choose_colours(random)
    canvas = _paint(_choose_texture(random, size), ground)
    count = int(random.integers(1, 5)) if random.random() < 0.6 else 1
    for _ in range(count - 1):
        _put_shape(random, canvas, _choose_colours(random))
    _put_shape(random, canvas, figure)  # the main one lies on top
    return _expose(random, canvas)


def _choose_texture(random: Random, size: int) -> np.ndarray:
    """Return a field of tones (size, size) in [0, 1]."""
    return TEXTURES[int(random.integers(len(TEXTURES)))](random, size)


def _put_shape(random: Random, canvas: np.ndarray, colours: np.ndarray) -> None:
    """Paint one shape over the canvas, float32 (size, size, 3) in [0, 1], in place."""
    size = len(canvas)
    outlines = SHAPES[int(random.integers(len(SHAPES)))](random)
    x, y = random.uniform(0.2, 0.8, 2)
    pose = Pose(x, y, random.uniform(0.15, 0.5), random.uniform(0, 2 * np.pi))
    field = _choose_texture(random, size)
    is_round, light = random.random() < 0.5, random.uniform(0, 2 * np.pi)
    mask, box = _fill(outlines, pose, size)
    paint = _paint(field[box], colours)
    if is_round:  # lighter towards the light, darker away from it
        gx, gy = (grid[box] for grid in make_grid(size))
        shade = (gx - 2 * x + 1) * np.cos(light) + (gy - 2 * y + 1) * np.sin(light)
        paint *= (1 + 0.5 * np.clip(shade / pose.radius / 2, -1, 1))[..., None]
    canvas[box] += mask[..., None] * (paint - canvas[box])


def _fill(
    outlines: Sequence[np.ndarray], pose: Pose, size: int
) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Return how much of each pixel the outlines cover, in [0, 1], and the box this is for."""
    image = Image.new("L", (2 * size, 2 * size))
    pen = ImageDraw.Draw(image)
    c, s = np.cos(pose.angle), np.sin(pose.angle)
    turn = 2 * size * pose.radius * np.array([[c, s], [-s, c]])
    corner = 2 * size * np.array([pose.x, pose.y])
    for outline in outlines:
        pen.polygon((outline @ turn + corner).ravel().tolist(), fill=255)
    covered = image.reduce(2)  # two dots a pixel each way: edges without steps
    left, top, right, bottom = covered.getbbox() or (0, 0, 1, 1)
    mask = np.asarray(covered.crop((left, top, right, bottom)), np.float32) / 255
    return mask, (slice(top, bottom), slice(left, right))


def _choose_colours(random: Random) -> np.ndarray:
    """Return three RGB colours (3, 3) in [0, 1] that a texture runs through."""
    base, spread = random.uniform(0, 1, 3), random.uniform(0.05, 0.6)
    colours = base + random.normal(0, spread, (3, 3))
    gray = colours.mean(axis=1, keepdims=True)  # nature is less colourful than chance
    return np.clip(gray + random.uniform(0.1, 1) * (colours - gray), 0, 1).astype(np.float32)


def _paint(field: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return the colours (height, width, 3) of a field, float32 in [0, 1]."""
    steps = np.linspace(0, 1, 256)
    ramp = np.stack([np.interp(steps, (0, 0.5, 1), channel) for channel in colours.T], axis=1)
    return ramp.astype(np.float32)[(field * 255).astype(np.uint8)]


def _expose(random: Random, canvas: np.ndarray) -> np.ndarray:
    """Return bytes as a camera would: light from one side, contrast, blur, noise."""
    size = len(canvas)
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0, 0.4)
    x, y = make_grid(size)
    canvas *= (1 + strength * (x * np.cos(angle) + y * np.sin(angle)))[..., None]
    gamma, blur, grain = 2 ** random.uniform(-0.5, 0.5), random.uniform(0, 2), random.uniform(0, 12)
    curve = 255 * np.linspace(0, 1, 256) ** gamma
    tones = curve.astype(np.uint8)[(np.clip(canvas, 0, 1) * 255).astype(np.uint8)]
    if blur > 1:
        image = Image.fromarray(tones).filter(ImageFilter.BoxBlur((blur - 1) * size / 100))
        tones = np.asarray(image)
    noise = random.standard_normal(canvas.shape, dtype=np.float32)
    return np.clip(tones + grain * noise, 0, 255).astype(np.uint8)
