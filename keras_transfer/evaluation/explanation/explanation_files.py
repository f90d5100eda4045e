"""The PNGs of explanations in a folder: their names, and that none replaces another file."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_transfer.evaluation.explanation.explained_images import Explanation
from keras_transfer.evaluation.explanation.heat_figure import draw_explanation
from keras_transfer.evaluation.predict_output import refuse_folder
from keras_transfer.system.files.atomic_files import replacing

# letters of a file's name and of a class in a name; 4 bytes each, with a number, are below 255
LONGEST_STEM, LONGEST_CLASS = 36, 16


@dataclass(frozen=True, kw_only=True)
class ExplanationFolder:
    """A folder that gets a PNG for each explanation; what is there already stays."""

    path: Path
    """It is made once there is something to write."""
    class_names: Sequence[str]
    """All of the model, in index order."""

    def write(self, explanation: Explanation) -> Path | None:
        """Write the picture of an explanation as `FILE-CLASS.png`, with a number if that is taken.

        Returns:
            The file; None where the image could not be used.

        Raises:
            ConfigError: It cannot be written.
        """
        if not explanation.classes:
            return None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = _reserve(self.path, _name(explanation))
            try:
                with replacing(file) as temporary:
                    draw_explanation(explanation, temporary, self.class_names)
            except BaseException:
                file.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise refuse_folder(self.path, error.strerror or str(error)) from error
        return file


def _name(explanation: Explanation) -> str:
    """Return a name of letters, digits and marks that every disk takes."""
    words = Path(explanation.name).stem, explanation.classes[0].class_name
    limits = LONGEST_STEM, LONGEST_CLASS
    parts = [
        re.sub(r"[^\w.-]+", "_", word)[:most].strip("._-")
        for word, most in zip(words, limits, strict=True)
    ]
    return "-".join(filter(None, parts)) or "image"


def _reserve(folder: Path, name: str) -> Path:
    """Return a new, empty file of this name or, where there is one, of the name with a number."""
    number = 1
    while True:
        file = folder / (f"{name}.png" if number == 1 else f"{name}-{number}.png")
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            number += 1
        else:
            return file
