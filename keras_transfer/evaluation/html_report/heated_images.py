"""The worst examples of a report, with what in them speaks for the classes they were taken for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_transfer.config.messages import say_fault
from keras_transfer.evaluation.explanation.doubtful_images import order_doubtful
from keras_transfer.evaluation.explanation.weighed_words import Weighed, show_weights
from keras_transfer.evaluation.explanation.word_occlusion import AskTexts, Part, weigh_words
from keras_transfer.evaluation.html_report.shown_images import DrawExample, encode_tile
from keras_transfer.evaluation.predict_output import ImagePredictions
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.errors import ConfigError

if TYPE_CHECKING:
    import keras

    from keras_transfer.evaluation.explanation.explained_images import Explanation

COUNT = 12  # examples
SIDE = 176  # of a tile, in pixels


class Tile(NamedTuple):
    """An image, or heat over it."""

    picture: str
    """A `data:` address."""
    class_name: str
    """That the heat speaks for; "": the image as it is."""
    probability: float
    """Of that class."""


class Heated(NamedTuple):
    """An image with its tiles."""

    path: str
    truth: str
    prediction: str
    tiles: list[Tile]


def weigh_worst(
    predictions: Predictions, root: Path, draw_example: DrawExample, ask: AskTexts, seen: int
) -> tuple[list[Weighed], str]:
    """Return the worst texts, wrong ones first, with the weights of their words.

    Args:
        predictions: Texts of one split.
        root: Folder that their paths start from.
        draw_example: As `draw_shown` takes it.
        ask: Asks the model that made the predictions.
        seen: Tokens of a text that it sees.

    Returns:
        The texts that are there, and why their words have no weights, or "".
    """
    worst = predictions.take(order_doubtful(predictions)[:COUNT])
    found = [draw_example(root / path, SIDE) for path in worst.paths.tolist()]
    texts = [each for each in found if isinstance(each, tuple)]
    if not texts:
        return [], ""
    worst = worst.take(np.array([isinstance(each, tuple) for each in found]))
    contents, reason = np.empty((len(texts), len(texts[0])), object), ""
    contents[:] = texts
    try:
        parts = weigh_words(ask, contents, worst.prediction.tolist(), seen)
    except ConfigError as error:
        reason = str(error)
    except Exception as error:  # as where memory ends: the page has more to say
        reason = f"What the words add could not be computed: {say_fault(error)}."
    if reason:
        parts = [[[Part(text, None)] for text in row] for row in texts]
    names, shares = worst.class_names, worst.probabilities
    said = zip(worst.paths.tolist(), worst.truth, worst.prediction, shares, parts, strict=True)
    return [
        show_weights(path, (names[truth], names[label]), share[label], row)
        for path, truth, label, share, row in said
    ], reason


def heat_worst(
    predictions: Predictions,
    root: Path,
    draw_example: DrawExample,
    load_network: Callable[[], "keras.Model"],
) -> tuple[list[Heated], str]:
    """Return the worst images, wrong ones first, with Grad-CAM over them.

    Args:
        predictions: Images of one split.
        root: Folder that their paths start from.
        draw_example: As `draw_shown` takes it.
        load_network: Returns the model that made the predictions.

    Returns:
        The images that can be read, as they are where there is no heat; and why there is none, or
        "".
    """
    worst = predictions.take(order_doubtful(predictions)[:COUNT])
    files = [root / path for path in worst.paths.tolist()]
    try:
        network = load_network()
        size = network.inputs[0].shape[1]
        squares = [_draw_square(draw_example, file, size) for file in files]
    except ConfigError as error:
        network, reason = None, str(error)
        squares = [_draw_square(draw_example, file, SIDE) for file in files]
    there = [row for row, square in enumerate(squares) if square is not None]
    pixels = [square for square in squares if square is not None]
    worst = worst.take(np.array(there, np.int64))
    if network is not None and pixels:
        try:
            return _lay_heat(network, np.stack(pixels), worst), ""
        except ConfigError as error:
            reason = str(error)
        except Exception as error:  # as where memory ends: the page has more to say than heat
            reason = f"What the model looked at could not be computed: {say_fault(error)}."
    plain = zip(worst.paths, worst.truth, worst.prediction, pixels, strict=True)
    names = worst.class_names
    return [
        Heated(path, names[truth], names[said], [_draw_plain(square)])
        for path, truth, said, square in plain
    ], reason if pixels else ""


def _draw_square(draw_example: DrawExample, file: Path, side: int) -> np.ndarray | None:
    square = draw_example(file, side)
    return None if isinstance(square, tuple) else square


def _lay_heat(network: "keras.Model", pixels: np.ndarray, worst: Predictions) -> list[Heated]:
    from keras_transfer.evaluation.explanation.explained_images import explain_batch
    from keras_transfer.evaluation.explanation.grad_cam import trace_grad_cam

    said = ImagePredictions(
        names=worst.paths,
        probabilities=worst.probabilities,
        reasons=np.full(len(worst), "", object),
        class_names=worst.class_names,
    )
    truths = [worst.class_names[label] for label in worst.truth]
    return [
        Heated(each.name, each.truth, each.prediction, _draw_tiles(each))
        for each in explain_batch(trace_grad_cam(network, once=True), pixels, said, truths=truths)
    ]


def _draw_tiles(explanation: "Explanation") -> list[Tile]:
    from keras_transfer.evaluation.explanation.heat_overlay import lay_heat

    pixels = explanation.pixels
    heated = [
        Tile(encode_tile(lay_heat(pixels, each.heat, SIDE)), each.class_name, each.probability)
        for each in explanation.classes
    ]
    return [_draw_plain(pixels), *heated]


def _draw_plain(square: np.ndarray) -> Tile:
    from keras_transfer.evaluation.explanation.heat_overlay import enlarge_square

    return Tile(encode_tile(enlarge_square(square, SIDE)), "", 0.0)
