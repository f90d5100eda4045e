"""The textures and the shapes that `formula_pictures.py` makes pictures of: one function each.

A texture is a field of tones, float (size, size) in [0, 1]. A shape is a list of outlines, each a
closed line through points (n, 2) at most about 1 away from the origin. Only numpy and Pillow are
needed.

Which random numbers a function draws, and in which order, must not change: the pictures would be
others, and the bundled weights could not be made again.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

Random = np.random.Generator


def draw_spectrum(random: Random, size: int) -> np.ndarray:
    """Noise whose power falls with the frequency, stretched along one direction."""
    slope, stretch, angle = random.uniform(0.6, 2.4), random.uniform(0, 2), random.uniform(0, np.pi)
    across, down = _frequencies(size)
    along = across * np.cos(angle) + down * np.sin(angle)
    aside = (down * np.cos(angle) - across * np.sin(angle)) * 2.0**stretch
    power = (along**2 + aside**2 + 1e-6) ** (-slope / 2)
    noise = random.standard_normal((2, *power.shape), dtype=np.float32)
    field = np.fft.irfft2((noise[0] + 1j * noise[1]) * power, s=(size, size))
    field = 0.5 + 0.25 * field / (field.std() + 1e-6)
    return np.clip(field, 0, 1)


def draw_waves(random: Random, size: int) -> np.ndarray:
    """Stripes, plaids, rings or spirals, bent by slow noise."""
    frequency, angle = 2 ** random.uniform(1, 4), random.uniform(0, np.pi)
    bend, kind = random.uniform(0, 1), int(random.integers(3))
    x, y = make_grid(size)
    x, y = x + bend * _slow(random, size), y + bend * _slow(random, size)
    u = x * np.cos(angle) + y * np.sin(angle)
    if kind == 0:
        field = np.sin(np.pi * frequency * u)
    elif kind == 1:
        v = y * np.cos(angle) - x * np.sin(angle)
        field = np.sin(np.pi * frequency * u) * np.sin(np.pi * frequency * v)
    else:
        arms = int(random.integers(0, 5))
        field = np.sin(np.pi * frequency * np.hypot(x, y) + arms * np.arctan2(y, x))
    sharp = random.uniform(0.5, 4)
    return 0.5 + 0.5 * np.tanh(sharp * field) / np.tanh(sharp)


def draw_cells(random: Random, size: int) -> np.ndarray:
    """Voronoi cells: flat, shaded towards the middle, or their walls only."""
    half = size // 2
    count, kind = int(2 ** random.uniform(2.5, 5.5)), int(random.integers(3))
    points = random.uniform(-1, 1, (count, 2)).astype(np.float32)
    x, y = make_grid(half)
    away = (x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2
    if kind == 0:
        field = random.uniform(0, 1, count)[away.argmin(axis=-1)]
    else:
        near = np.sqrt(np.partition(away, 1, axis=-1)[..., :2])
        spacing = 2 / np.sqrt(count)
        field = (near[..., 1] - near[..., 0] if kind == 1 else near[..., 0]) / spacing
    return _enlarge(np.clip(field, 0, 1), size)  # up to .16 beyond [0, 1] at the walls


def draw_slope(random: Random, size: int) -> np.ndarray:
    """A smooth gradient, as of a wall or the sky."""
    angle = random.uniform(0, 2 * np.pi)
    x, y = make_grid(size)
    field = 0.5 + 0.35 * (x * np.cos(angle) + y * np.sin(angle)) + 0.1 * _slow(random, size)
    return np.clip(field, 0, 1)


def draw_leaves(random: Random, size: int) -> np.ndarray:
    """Dead leaves: ellipses and polygons of all sizes over one another."""
    image = Image.new("L", (size, size), int(random.integers(256)))
    pen = ImageDraw.Draw(image)
    count, corners = int(2 ** random.uniform(4, 6.5)), int(random.integers(3, 9))
    sizes = np.sort(size * 0.35 * random.power(0.6, count))[::-1] + 2  # large ones lie below
    for radius, tone in zip(sizes.tolist(), random.integers(0, 256, count).tolist(), strict=True):
        x, y, angle, flat = random.uniform(0, 1, 4) * (size, size, 2 * np.pi, 1)
        turns = angle + np.arange(corners) * 2 * np.pi / corners
        ring = _polar(turns, radius) * (1, 0.4 + 0.6 * flat) + (x, y)
        pen.polygon(ring.ravel().tolist(), fill=tone)
    return np.asarray(image, np.float32) / 255


def trace_contour(random: Random) -> list[np.ndarray]:
    """A circle with two waves on it (a visual atom)."""
    low, high = int(random.integers(1, 6)), int(random.integers(4, 13))
    strong, weak = random.uniform(0.05, 0.4), random.uniform(0, 0.25)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radius = 1 + strong * np.sin(low * angle) + weak * np.sin(high * angle + random.uniform(0, 6))
    return [_polar(angle, radius / radius.max())]


def trace_star(random: Random) -> list[np.ndarray]:
    """A regular polygon, or a star whose inner corners lie further in."""
    corners, inner = int(random.integers(3, 10)), random.uniform(0.3, 1)
    angle = np.arange(2 * corners) * np.pi / corners
    flat = np.cos(np.pi / corners)  # with inner = 1 the sides of the polygon are straight
    radius = np.where(np.arange(2 * corners) % 2, inner * flat, 1)
    return [_polar(angle, radius)]


def trace_superformula(random: Random) -> list[np.ndarray]:
    """Gielis' superformula: petals, squares with round corners, sea stars."""
    lobes = int(random.integers(2, 9))
    n1, n2 = 2 ** random.uniform(-1, 3), 2 ** random.uniform(0, 3.5)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    inner = np.abs(np.cos(lobes * angle / 4)) ** n2 + np.abs(np.sin(lobes * angle / 4)) ** n2
    radius = inner ** (-1 / n1)
    return [_polar(angle, radius / radius.max())]


def trace_fern(random: Random) -> list[np.ndarray]:
    """A branching stem: each branch carries smaller ones to both sides."""
    pairs, spread, shrink = int(random.integers(2, 5)), random.uniform(0.3, 1.2), 0.35
    limbs, width = [], random.uniform(0.04, 0.12)
    todo = [(0.0, -1.0, np.pi / 2, 1.9, 0)]
    while todo:
        x, y, angle, length, level = todo.pop()
        end = x + length * np.cos(angle), y + length * np.sin(angle)
        limbs.append(_limb((x, y), end, width * (1 - level / 3)))
        for step in np.linspace(0.25, 0.9, pairs) if level < 2 else ():
            at = x + step * length * np.cos(angle), y + step * length * np.sin(angle)
            for side in (-1, 1):
                part = length * shrink * (1.3 - 0.6 * step)
                todo.append((*at, angle + side * spread, part, level + 1))
    return limbs


def trace_creature(random: Random) -> list[np.ndarray]:
    """A body of one to four segments with pairs of bent limbs, the same on both sides."""
    segments, pairs = int(random.integers(1, 5)), int(random.integers(0, 5))
    fat, reach = random.uniform(0.15, 0.45), random.uniform(0.5, 1.1)
    ends = np.linspace(-1, 1, segments + 1)
    sizes = random.uniform(0.6, 1, segments)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    parts = [
        _polar(turn, 1) * ((high - low) * 0.55, fat * size) + ((low + high) / 2, 0)
        for low, high, size in zip(ends[:-1], ends[1:], sizes, strict=True)
    ]
    lean, knee = random.uniform(-0.5, 0.5), random.uniform(-0.6, 0.6)
    for at in np.linspace(-0.5, 0.7, pairs) if pairs else ():
        bend, foot = (at + lean * 0.5, reach * 0.6), (at + lean + knee * 0.4, reach)
        for side in (1, -1):
            points = [(x, side * y) for x, y in ((at, 0), bend, foot)]
            parts += [_limb(points[0], points[1], 0.05), _limb(points[1], points[2], 0.035)]
    return parts


def trace_fractal(random: Random) -> list[np.ndarray]:
    """The attractor of three or four contractions, as small squares at its points."""
    maps = int(random.integers(2, 5))
    turns, scales = random.uniform(-np.pi, np.pi, maps), random.uniform(0.4, 0.7, maps)
    shifts = random.uniform(-1, 1, (maps, 2))
    points = np.zeros((1, 2))
    while len(points) * maps <= 700:
        moved = [
            scale * points @ np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]) + shift
            for t, scale, shift in zip(turns, scales, shifts, strict=True)
        ]
        points = np.concatenate(moved)
    points = points - points.mean(axis=0)
    points /= np.abs(points).max() + 1e-6
    square = 0.05 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return list(points[:, None] + square)


TEXTURES: Sequence[Callable[[Random, int], np.ndarray]] = (
    draw_spectrum,
    draw_waves,
    draw_cells,
    draw_slope,
    draw_leaves,
)
SHAPES: Sequence[Callable[[Random], list[np.ndarray]]] = (
    trace_contour,
    trace_star,
    trace_superformula,
    trace_fern,
    trace_creature,
    trace_fractal,
)


def _polar(angle: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _limb(start: Sequence[float], end: Sequence[float], width: float) -> np.ndarray:
    """Return a thin triangle from `start` to `end`."""
    along = np.subtract(end, start)
    aside = width * np.array([-along[1], along[0]]) / (np.hypot(*along) + 1e-6)
    return np.array([start + aside, end, start - aside])


def _slow(random: Random, size: int) -> np.ndarray:
    """Return smooth noise (size, size) in about [-1, 1]."""
    return _enlarge(random.uniform(-1, 1, (4, 4)).astype(np.float32), size)


def _enlarge(field: np.ndarray, size: int) -> np.ndarray:
    image = Image.fromarray(np.asarray(field, np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


@functools.lru_cache(maxsize=4)
def make_grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y (size, size) in [-1, 1]."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    return x, y


@functools.lru_cache(maxsize=4)
def _frequencies(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequencies of `irfft2`, in cycles per picture."""
    down = np.fft.fftfreq(size, 1 / size).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(size, 1 / size).astype(np.float32)[None]
    return across, down
