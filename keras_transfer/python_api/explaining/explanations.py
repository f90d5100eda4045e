"""What in images speaks for a class, as Python code and notebooks take it in hand."""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.python_api.notebook_html import ROWS, draw_line, escape, join_html
from keras_transfer.system.terminal.visible_text import show_name

if TYPE_CHECKING:
    from keras_transfer.evaluation.explanation.explained_images import Explanation

SIDE = 200  # pixels of an image in a notebook
QUALITY = 85  # of its JPEG


class Explanations(Sequence["Explanation"]):
    """What in each of n images speaks for its classes; one of them is an `Explanation`.

    Args:
        found: The images, in order.
        class_names: All of the model, in index order.
    """

    def __init__(self, found: Sequence["Explanation"], class_names: Sequence[str]) -> None:
        self._found = list(found)
        self.class_names = tuple(class_names)

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> "Explanation": ...
    @overload
    def __getitem__(self, index: slice) -> "Explanations": ...
    def __getitem__(self, index: int | slice) -> "Explanation | Explanations":
        if isinstance(index, slice):
            return Explanations(self._found[index], self.class_names)
        return self._found[index]

    @property
    def names(self) -> np.ndarray:
        """(n,) of str objects: the file as it was named, or "array 0"."""
        return np.array([each.name for each in self], object)

    @property
    def prediction(self) -> np.ndarray:
        """(n,) of str objects: name of the most probable class; "" where the file is unusable."""
        return np.array([each.prediction for each in self], object)

    @property
    def reasons(self) -> np.ndarray:
        """(n,) of str objects: "", or why the file is unusable."""
        return np.array([each.reason for each in self], object)

    @property
    def heat(self) -> np.ndarray:
        """(n, side, side) float32 in [0, 1], over the square that the model saw.

        Of the class that was asked for, else the predicted one; NaN where the file is unusable.
        """
        return np.stack([each.heat for each in self])

    def save(self, folder: str | Path) -> list[Path]:
        """Write a PNG for each image that could be used, and return the files, in order.

        Args:
            folder: It is made where it is not there. Nothing in it is replaced.

        Raises:
            ConfigError: It cannot be written.
        """
        from keras_transfer.evaluation.explanation.explanation_files import ExplanationFolder

        place = ExplanationFolder(path=Path(folder), class_names=self.class_names)
        return [file for file in map(place.write, self) if file is not None]

    def __repr__(self) -> str:
        lines = [f"Explanations of {count_of(len(self), 'image')}"]
        for each in self._found[:ROWS]:
            said = f"{each.prediction} {each.probability:.3f}" if each.classes else each.reason
            lines.append(f"{show_name(each.name)}: {show_name(said)}")
        return "\n".join(lines + self._say_more())

    def _repr_html_(self) -> str:
        title = draw_line(f"Explanations of {count_of(len(self), 'image')}", bold=True)
        shown = [part for each in self._found[:ROWS] for part in _draw(each)]
        return join_html(title, *shown, *map(draw_line, self._say_more()))

    def _say_more(self) -> list[str]:
        return [f"… {len(self) - ROWS:,} more"] if len(self) > ROWS else []


def _draw(each: "Explanation") -> Iterator[str]:
    """Yield a line about an image, and the image beside those with the heat over it."""
    from keras_transfer.evaluation.explanation.heat_overlay import enlarge_square, lay_heat

    if not each.classes:
        yield draw_line(f"{each.name}: {each.reason}")
        return
    classes = ", ".join(f"{one.class_name} {one.probability:.3f}" for one in each.classes)
    truth = f" (truth: {each.truth})" if each.truth else ""
    yield draw_line(f"{each.name}{truth}")
    tiles = [enlarge_square(each.pixels, SIDE)]
    tiles += [lay_heat(each.pixels, one.heat, SIDE) for one in each.classes]
    yield _draw_pixels(np.concatenate(tiles, axis=1), f"What speaks for {classes}")
    yield draw_line(classes)


def _draw_pixels(pixels: Any, said: str) -> str:
    """Return an image that stands in the HTML itself."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=QUALITY)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img alt="{escape(said)}" src="data:image/jpeg;base64,{data}">'
