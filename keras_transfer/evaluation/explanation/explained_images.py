"""Images with what speaks for their classes, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_transfer.evaluation.explanation.grad_cam import GradCam
from keras_transfer.evaluation.explanation.heat_overlay import enlarge_heat, lay_heat
from keras_transfer.evaluation.predict_output import ImagePredictions


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassHeat:
    """What speaks for one class in one image."""

    class_name: str
    probability: float
    """Of the class, in [0, 1]."""
    heat: np.ndarray
    """(rows, columns) float32 in [0, 1], over the whole square; 0 everywhere: nothing speaks for
    it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the image speaks for the class."""
        return not self.heat.any()


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """One image, what a model said, and what in it speaks for that."""

    name: str
    """The file as it was named, or "array 0"."""
    prediction: str
    """Name of the most probable class; "" where the file is unusable."""
    probability: float
    """Of that class, in [0, 1]; NaN where the file is unusable."""
    truth: str
    """Name of the true class; "" where it is not known."""
    reason: str
    """"", or why the file is unusable."""
    pixels: np.ndarray
    """(side, side, 3), uint8: the square that the network saw."""
    classes: tuple[ClassHeat, ...]
    """The class that was asked for, or else the predicted one and then, where another is true, the
    true one. None where the file is unusable."""

    @property
    def heat(self) -> np.ndarray:
        """(side, side) float32 in [0, 1]: what speaks for the first class; NaN without one."""
        if not self.classes:
            return np.full(self.pixels.shape[:2], np.nan, np.float32)
        return enlarge_heat(self.classes[0].heat, len(self.pixels))

    @property
    def overlay(self) -> np.ndarray:
        """(side, side, 3) uint8: the image in gray, with the heat of the first class over it."""
        return lay_heat(self.pixels, np.nan_to_num(self.heat))


def explain_batch(
    grad_cam: GradCam,
    pixels: np.ndarray,
    said: ImagePredictions,
    asked: str | None = None,
    truths: Sequence[str] = (),
) -> list[Explanation]:
    """Return images with what speaks for their classes.

    Args:
        grad_cam: Of the model.
        pixels: (n, side, side, 3), uint8, as the model saw them.
        said: What it said about them.
        asked: The class to explain in all of them. None: the predicted one of each, and the true
            one where that is another.
        truths: The true class of each, if it is known.
    """
    known = truths or [""] * len(said)
    wanted = [
        [] if reason else [asked] if asked else [*dict.fromkeys(filter(None, names))]
        for reason, *names in zip(said.reasons, said.prediction, known, strict=True)
    ]
    index = {name: number for number, name in enumerate(said.class_names)}
    pairs = [(row, index[name]) for row, names in enumerate(wanted) for name in names]
    rows, classes = np.array(pairs, np.int64).reshape(-1, 2).T
    maps = iter(grad_cam(pixels[rows], classes) if len(rows) else ())
    return [
        Explanation(
            name=str(said.names[row]),
            prediction=str(said.prediction[row]),
            probability=float(said.probability[row]),
            truth=known[row],
            reason=str(said.reasons[row]),
            pixels=pixels[row],
            classes=tuple(
                ClassHeat(
                    class_name=name,
                    probability=float(said.probabilities[row, index[name]]),
                    heat=next(maps),
                )
                for name in names
            ),
        )
        for row, names in enumerate(wanted)
    ]
