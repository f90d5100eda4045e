"""One image and what speaks for its classes, side by side, as a PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from keras_transfer.evaluation.explanation.explained_images import ClassHeat, Explanation
from keras_transfer.evaluation.explanation.heat_overlay import enlarge_square, lay_heat
from keras_transfer.evaluation.figures.canvas import DPI, GRAY, create_figure, write_figure
from keras_transfer.evaluation.figures.lettering import isolate, name_classes, wrap_name
from keras_transfer.system.terminal.short_names import keep_end, shorten

TILE = 330  # side of an image, in pixels
TILE_INCHES, GAP = TILE / DPI, 0.15  # inches
SIZE, SMALL = 10, 8.5  # of letters above and below a tile, in points
LINE, FOOT = 0.17, 0.3  # inches from a line to the next, and below a tile
LETTERS = 72 * TILE_INCHES / SIZE  # width of a tile in letters' sizes
LONGEST = 80  # letters of a name


def draw_explanation(explanation: Explanation, file: Path, class_names: Sequence[str]) -> None:
    """Write a PNG: the square that the network saw, and for each class the heat over it.

    Args:
        explanation: Of an image that could be used.
        file: To write.
        class_names: All of the model, in index order.
    """
    write_figure(build_explanation(explanation, class_names), file)


def build_explanation(explanation: Explanation, class_names: Sequence[str]) -> Figure:
    """Return the figure of `draw_explanation`."""
    pixels, classes = explanation.pixels, explanation.classes
    tiles = [enlarge_square(pixels, TILE), *(lay_heat(pixels, each.heat, TILE) for each in classes)]
    drawn = dict(zip(class_names, name_classes(class_names), strict=True))
    above = [_name_file(explanation.name)]
    above += [_name_class(drawn[each.class_name], each.probability) for each in classes]
    below = [_say_truth(explanation, drawn), *(_say_role(each, explanation) for each in classes)]
    width = GAP + len(tiles) * (TILE_INCHES + GAP)
    height = 0.1 + LINE * max(map(len, above)) + TILE_INCHES + FOOT
    figure = create_figure(width, height, "")
    figure.set_layout_engine("none")  # each tile at its place, to the pixel; axes take long
    for column, (tile, lines, words) in enumerate(zip(tiles, above, below, strict=True)):
        left = GAP + column * (TILE_INCHES + GAP)
        figure.figimage(tile, round(left * DPI), round(FOOT * DPI))
        title, weight = "\n".join(map(isolate, lines)), "bold" if column else "normal"
        top = (FOOT + TILE_INCHES + 0.06) / height
        left /= width
        figure.text(left, top, title, size=SIZE, weight=weight, va="bottom", parse_math=False)
        figure.text(left, 0.1 / height, words, size=SMALL, color=GRAY, parse_math=False)
    return figure


def _name_file(name: str) -> list[str]:
    """Return a file and its folder, in lines."""
    return wrap_name(keep_end("/".join(Path(name).parts[-2:]), LONGEST), LETTERS)


def _name_class(drawn: str, probability: float) -> list[str]:
    return wrap_name(f"{shorten(drawn, LONGEST)} {_say(probability)}", LETTERS)


def _say_truth(explanation: Explanation, drawn: Mapping[str, str]) -> str:
    return f"truth: {isolate(shorten(drawn[explanation.truth], 40))}" if explanation.truth else ""


def _say_role(heat: ClassHeat, explanation: Explanation) -> str:
    roles = {explanation.truth: "the truth", explanation.prediction: "predicted"}
    if explanation.truth == explanation.prediction:
        roles = {explanation.truth: "predicted, and true"}
    role = roles.get(heat.class_name, "asked for, not predicted")
    return (
        f"{role}: {'nothing speaks for it' if heat.is_empty else 'coloured is what speaks for it'}"
    )


def _say(probability: float) -> str:
    return f"{probability:.3f}" if not 0 <= probability < 0.0005 else "< 0.001"
