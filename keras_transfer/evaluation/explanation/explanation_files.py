"""The PNGs of explanations: their names, that none replaces another file, and a table of them."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_transfer.evaluation.explanation.explained_images import Explanation
from keras_transfer.evaluation.explanation.heat_figure import draw_explanation
from keras_transfer.evaluation.predict_output import refuse_folder
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.terminal.short_names import keep_end, keep_start
from keras_transfer.system.terminal.text_tables import draw_table

# letters of a file's name and of a class in a name; 4 bytes each, with a number, are below 255
LONGEST_STEM, LONGEST_CLASS = 36, 16
CUT = {"path": keep_end, "picture": keep_end, "error": keep_start}  # in narrow tables


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


def draw_pictures(images: Sequence[Mapping[str, Any]], asked: str | None) -> str:
    """Return a table of explained images; columns in which nothing stands are left out.

    Args:
        images: What `--json` says of each.
        asked: The class that is explained in all of them. None: the predicted one of each.
    """
    columns = ["path", "truth", "prediction", "probability"]
    rows = [[None if each["error"] else each[name] for name in columns[1:]] for each in images]
    rows = [[each["path"], *row] for each, row in zip(images, rows, strict=True)]
    if asked:
        columns.append(f"as {asked}")
        for row, each in zip(rows, images, strict=True):
            row.append(each["classes"][0]["probability"] if each["classes"] else None)
    columns += ["picture", "error"]
    for row, each in zip(rows, images, strict=True):
        row += [each["picture"] and each["picture"].name, each["error"]]
    kept = [place for place, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    return draw_table(
        [columns[place] for place in kept],
        [[row[place] for place in kept] for row in rows],
        cut=CUT,
        drop=["probability", "truth"],
        where="with --json",
    )


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
