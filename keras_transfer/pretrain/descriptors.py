"""Classical descriptors of a picture: what pretraining makes a network tell from its pixels.

Colours and edge energies, of the whole picture and of each part of it. Written with `keras.ops`, so
that they are computed on the training device under every Keras backend.

References:
    Swain & Ballard 1991, Color indexing (colour histograms).
    Manjunath & Ma 1996, Texture features for browsing and retrieval of image data (Gabor energies).
    Dalal & Triggs 2005, Histograms of oriented gradients for human detection.
    Wei et al. 2022, Masked feature prediction for self-supervised visual pre-training (descriptors
    as what a network predicts).
"""

import keras
import numpy as np
from keras import KerasTensor, ops

DIRECTIONS, WAVELENGTH, WIDTH = 4, 4.0, 7  # of the Gabor filters; the latter two in pixels
TONES = 4  # steps of each colour channel in the histogram
COARSE, FINE = 3, 6  # parts that a picture is cut into, each way
FLOOR = 3e-3  # energy of an even surface, so that its logarithm stays near


def describe(pictures: KerasTensor) -> dict[str, KerasTensor]:
    """Describe pictures in five ways.

    Args:
        pictures: float32 (n, side, side, 3), RGB in [0, 255]; 24 divides the side.

    Returns:
        float32 (n, numbers) each. colours: mean colours of 6x6 parts. histogram: how common each of
        4x4x4 colours is. energies: mean and deviation of Gabor energies in four directions at three
        scales. coarse, fine: their means in 3x3 and in 6x6 parts.
    """
    half = ops.average_pool(pictures / 255, 2, 2)
    shades = [_oppose(pictures / 255), _oppose(half), _oppose(ops.average_pool(half, 2, 2))]
    # Colour has no fine detail worth the time.
    energies = [_filter(shades[0][..., :1]), _filter(shades[1]), _filter(shades[2])]
    whole = [ops.mean(energy, (1, 2)) for energy in energies]
    whole += [ops.std(energy, (1, 2)) for energy in energies]
    coarse = [_cut(energy, COARSE) for energy in energies]
    fine = [_cut(energy[..., :DIRECTIONS], FINE) for energy in energies]
    return {
        "colours": _cut(shades[0], FINE),
        "histogram": _count_colours(half),
        "energies": ops.log(ops.concatenate(whole, -1) + FLOOR),
        "coarse": ops.log(ops.concatenate(coarse, -1) + FLOOR),
        "fine": ops.sqrt(ops.concatenate(fine, -1)),
    }


def _oppose(rgb: KerasTensor) -> KerasTensor:
    """Return brightness, red against green, and yellow against blue, from RGB in [0, 1]."""
    r, g, b = ops.split(rgb, 3, axis=-1)
    return ops.concatenate([(r + g + b) / 3, r - g, (r + g) / 2 - b], -1)


def _filter(channels: KerasTensor) -> KerasTensor:
    """Return Gabor energies (n, side, side, channels · DIRECTIONS), all directions of one first."""
    count = channels.shape[-1]
    stacked = ops.concatenate(ops.split(channels, count, axis=-1), 0)
    even, odd = ops.split(ops.conv(stacked, _gabor_filters(), padding="same"), 2, axis=-1)
    energy = ops.sqrt(even**2 + odd**2 + 1e-8)
    return ops.concatenate(ops.split(energy, count, axis=0), -1)


def _gabor_filters() -> np.ndarray:
    """Return (WIDTH, WIDTH, 1, 2 · DIRECTIONS): even ones, then odd ones, none sees a level."""
    steps = np.arange(WIDTH) - WIDTH // 2
    y, x = np.meshgrid(steps, steps, indexing="ij")
    window = np.exp(-(x**2 + y**2) / (2 * (WIDTH / 3.5) ** 2))
    found = []
    for phase in (0, np.pi / 2):
        for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
            wave = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / WAVELENGTH
            kernel = window * np.cos(wave + phase)
            kernel -= window * kernel.sum() / window.sum()
            found.append(kernel / np.abs(kernel).sum())
    return np.stack(found, -1)[:, :, None].astype(np.float32)


def _cut(channels: KerasTensor, parts: int) -> KerasTensor:
    """Return the means in parts x parts squares, (n, parts² · channels)."""
    side = channels.shape[1] // parts
    return ops.reshape(ops.average_pool(channels, side, side), (-1, parts**2 * channels.shape[-1]))


def _count_colours(rgb: KerasTensor) -> KerasTensor:
    """Return the roots of the shares of TONES³ colours; a pixel between two counts to both."""
    pixels = rgb.shape[1] * rgb.shape[2]
    tones = np.arange(TONES, dtype=np.float32)
    near = ops.relu(1 - ops.abs(ops.reshape(rgb, (-1, pixels, 3, 1)) * (TONES - 1) - tones))
    r, g, b = (near[:, :, channel] for channel in range(3))
    rg = ops.reshape(r[..., None] * g[..., None, :], (-1, pixels, TONES**2))
    counts = ops.matmul(ops.transpose(rg, (0, 2, 1)), b)
    return ops.sqrt(ops.reshape(counts, (-1, TONES**3)) / pixels + 1e-6)


class DescriptorLoss(keras.losses.Loss):
    """Mean squared error of descriptors that were brought to mean 0 and deviation 1.

    Each of the descriptors counts the same, however many numbers it has. Called with pictures and
    what a network says about them, (n, size).

    Args:
        pictures: Pictures of which mean and deviation are measured, as `describe` takes them.
    """

    def __init__(self, pictures: np.ndarray) -> None:
        super().__init__(name="descriptors")
        found = {name: ops.convert_to_numpy(rows) for name, rows in describe(pictures).items()}
        self._means = {name: rows.mean(axis=0) for name, rows in found.items()}
        self._deviations = {name: rows.std(axis=0) + 1e-6 for name, rows in found.items()}
        self.size = sum(mean.size for mean in self._means.values())
        """How many numbers a network must say."""

    def call(self, y_true: KerasTensor, y_pred: KerasTensor) -> KerasTensor:
        """Return the error of each picture, (n,)."""
        wanted = describe(y_true)
        ends = np.cumsum([mean.size for mean in self._means.values()])[:-1]
        parts = zip(wanted.items(), ops.split(y_pred, ends.tolist(), axis=-1), strict=True)
        errors = [
            ops.mean(((rows - self._means[name]) / self._deviations[name] - said) ** 2, -1)
            for (name, rows), said in parts
        ]
        return sum(errors) / len(errors)
