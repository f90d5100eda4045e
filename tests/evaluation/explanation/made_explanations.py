"""Explanations without a model."""

import numpy as np

from keras_transfer.evaluation.explanation.explained_images import ClassHeat, Explanation


def make_explanation(name="photos/a.png", classes=("cats",), truth="", reason="", heat=1.0):
    """Return an explanation of a gray square, whose heat is in a corner."""
    maps = np.zeros((7, 7), np.float32)
    maps[0, 0] = heat
    return Explanation(
        name=name,
        prediction="" if reason else classes[0],
        probability=float("nan") if reason else 0.75,
        truth=truth,
        reason=reason,
        pixels=np.full((32, 32, 3), 128, np.uint8),
        classes=tuple(
            ClassHeat(class_name=each, probability=0.75, heat=maps)
            for each in ([] if reason else classes)
        ),
    )
