"""A run as Python code takes it in hand: its model, its answers, its numbers, its figures."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.lookup import lookup
from keras_transfer.config.split_names import TARGET, choose_split
from keras_transfer.explain import COUNT
from keras_transfer.python_api.arguments.argument_errors import guard
from keras_transfer.python_api.notebook_html import (
    draw_html_table,
    draw_line,
    draw_link,
    draw_path,
    draw_thumbnail,
    join_html,
)
from keras_transfer.python_api.split_numbers import say_accuracy, tabulate_splits
from keras_transfer.run import run_directory
from keras_transfer.run.load_settings import load_recorded, load_run_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.terminal.notebook import is_notebook, is_shown, show_images

if TYPE_CHECKING:
    import keras

    from keras_transfer.exports.reading.artefact import Artefact
    from keras_transfer.predict import Image
    from keras_transfer.python_api.explaining.explanations import Explanations
    from keras_transfer.python_api.explaining.text_explanations import TextExplanations
    from keras_transfer.python_api.predictions import ImagePredictions, Predictions

CURVES = "learning_curves"  # the figure that comes first
FIGURE_WIDTH = 800  # pixels of a figure in a notebook
# of `run_directory.Run`, what a person may want
SHOWN = (
    *("open", "path", "metrics", "class_names", "data_report", "environment", "parity"),
    *("config_file", "model_file", "report_file", "model_card_file", "metrics_file"),
    *("history_file", "predictions_file", "split_file", "log_file", "figures", "exports"),
)


class Run(run_directory.Run):
    """One training and the folder it left.

    Args:
        path: An existing run directory; `open` checks a finished one.
    """

    @cached_property
    def model(self) -> "keras.Model":
        """The model as Keras loads it, not compiled: RGB pixels in [0, 255] to probabilities.

        One of texts takes token ids, which `predict` makes of texts.

        Raises:
            ConfigError: The run is not finished, or its model.keras is damaged.
        """
        config = load_run_config(self)
        import_tensorflow()
        from keras_transfer.models.run_model import load_run_model

        return load_run_model(self, config)

    @cached_property
    def _artefact(self) -> "Artefact":
        from keras_transfer.exports.loaders import load_artefact

        return load_artefact(self.path)

    @cached_property
    def _judging(self) -> "Artefact":
        from keras_transfer.exports.reading.unusual_images import judge_unusual

        return judge_unusual(self._artefact)

    @guard
    def predict(
        self, images: "Image | Sequence[Image]", unusual: bool = False
    ) -> "ImagePredictions":
        """Classify files, folders, globs, arrays, Pillow images or texts: see `predict_images`.

        The model is loaded once.

        Args:
            images: One or several.
            unusual: Say, too, which are unlike the training images.
        """
        from keras_transfer.predict import classify_images
        from keras_transfer.python_api.verb_functions import name_images

        artefact = self._judging if unusual else self._artefact
        return name_images(classify_images(artefact, images))

    @guard
    def evaluate(
        self, dataset: Any = None, split: str | None = None, tta: int = 1
    ) -> "Predictions":
        """Predict every image of a split, or of other labelled images: see `evaluate_run`."""
        from keras_transfer.python_api.verb_functions import evaluate_run

        return evaluate_run(self, dataset, split, tta)

    @guard
    def explain(
        self,
        images: "Image | Sequence[Image] | None" = None,
        class_name: str | None = None,
        count: int = COUNT,
        split: str | None = None,
    ) -> "Explanations | TextExplanations":
        """Show what in images or texts speaks for a class: see `explain_images`.

        The model is loaded once.

        Args:
            images: As `predict` takes them. None: the run's own, the wrong and least certain ones.
            class_name: The class. None: the predicted one and, of images where it is another, the
                true one.
            count: Of images, where none are given.
            split: Of the run's own images. None: test if there is one, else validation.
        """
        from keras_transfer.explain import explain_with
        from keras_transfer.python_api.verb_functions import hold_explanations

        words = images, class_name, count, split
        return hold_explanations(explain_with(self._load, self.path, *words))

    @guard
    def report(self) -> Path:
        """Write report.html anew, a page for any browser, and return it: see `report_on`."""
        from keras_transfer.report import report_on

        return report_on(self.path)

    @guard
    def export(
        self,
        formats: str | Sequence[str] | None = None,
        tflite: str | Sequence[str] | None = None,
        calibrate: bool = False,
        dataset: Any = None,
    ) -> dict[str, Any]:
        """Write the model for other programs and prove it equal: see `export_model`."""
        from keras_transfer.exports.exporters import FORMATS
        from keras_transfer.python_api.verb_functions import export_model

        return export_model(self, formats or FORMATS, tflite, calibrate, dataset)

    def history(self) -> Any:
        """Return history.csv in numbers: a row an epoch, counted from 1 within each phase."""
        from keras_transfer.python_api.data_frames import make_frame
        from keras_transfer.run.history import HISTORY_COLUMNS, read_history

        history = read_history(self.history_table())
        return make_frame({name: getattr(history, name) for name in HISTORY_COLUMNS})

    def predictions(self) -> Any:
        """Return predictions.csv in numbers: a row an image of validation and test."""
        return self._read_predictions().to_frame()

    def target_predictions(self) -> Any:
        """Return target_predictions.csv in numbers; None: the run has no labelled target images."""
        from keras_transfer.python_api.predictions import Predictions
        from keras_transfer.run.predictions_csv import read_target_predictions

        found = read_target_predictions(self)
        return None if found is None else Predictions(found).to_frame()

    def split(self) -> Any:
        """Return split.csv: path, sha256, class and split of every image that is used."""
        from keras_transfer.python_api.data_frames import make_frame

        return make_frame(self.split_table())

    def freeze_table(self) -> Any:
        """Return freeze_table.csv: a row a layer and phase; the rate of locked layers is NaN."""
        import numpy as np

        from keras_transfer.python_api.data_frames import make_frame, to_numbers

        table = dict(read_table(self.freeze_table_file))
        table["trainable"] = np.array(table["trainable"]) == str(True)
        return make_frame(table | {"learning_rate": to_numbers(table["learning_rate"], True)})

    @guard
    def per_class(self, split: str | None = None) -> Any:
        """Return a row a class: class, precision, recall, F1, support (its images).

        Args:
            split: validation or test. None: test if there is one, else validation.
        """
        found = self._read_predictions()
        there = dict.fromkeys(found.splits.tolist())
        name = choose_split(there) if split is None else split
        lookup(there, "split", name)
        return found.select(name).per_class()

    @guard
    def plot(self, *names: str) -> list[Path] | None:
        """Show the figures of the run in a notebook; elsewhere return their files.

        Args:
            *names: Such as "learning_curves", "confusion_matrix", "top_losses". None given: all.
        """
        found = {file.stem: file for file in sorted(self.figures.glob("*.png"))}
        if not found:
            raise ConfigError(
                f"The figures of a run must be there to be shown. Received: none in {self.figures}."
            )
        first = [CURVES] if CURVES in found else []
        chosen = names or [*first, *(name for name in found if name != CURVES)]
        files = [lookup(found, "figure", name) for name in chosen]
        if not is_notebook():
            return files
        show_images(files, FIGURE_WIDTH)
        return None

    def _load(self, place: Path) -> "Artefact":
        """Return the model of the run, or that for images of its own domain where it has two."""
        from keras_transfer.exports.loaders import load_artefact

        return load_artefact(place) if place == self.source_model_file else self._artefact

    def _read_predictions(self) -> "Predictions":
        from keras_transfer.python_api.predictions import Predictions
        from keras_transfer.run.predictions_csv import read_run_predictions

        return Predictions(dataclasses.replace(read_run_predictions(self), noun=self._noun))

    @property
    def _noun(self) -> str:
        """What one example is called; of a run whose settings cannot be read, an image."""
        try:
            return load_recorded(self).data.noun
        except ConfigError:
            return "image"

    def _say(self) -> tuple[str, str]:
        """Return what was trained, and how good it is."""
        metrics, noun = self.metrics(), self._noun
        name = choose_split(metrics["splits"])
        plan = metrics.get("strategy", "")
        measured = [name, *({TARGET} & metrics["splits"].keys())]
        return (
            f"{plan} {metrics['backbone']}".strip() + f", {len(self.class_names())} classes, "
            f"weights of phase {metrics['kept_phase']} kept",
            "; ".join(say_accuracy(each, metrics["splits"][each], noun) for each in measured),
        )

    def __repr__(self) -> str:
        said: tuple[str, ...] = ("not finished",)
        try:
            self.require_config()
            said = self._say() if self.metrics_file.exists() else said
        except ConfigError as error:
            said = (str(error),)
        return "\n".join([super().__repr__(), *said])

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        try:
            trained, accuracy = self._say()
            table = draw_html_table(*tabulate_splits(self.metrics()["splits"], self._noun))
        except ConfigError as error:
            return join_html(draw_line(str(error)), draw_path(self.path))
        file = self.figures / f"{CURVES}.png"
        curves = "" if is_shown(file) else draw_thumbnail(file, "Learning curves")
        heading = draw_line(accuracy, bold=True), draw_line(trained)
        report = draw_link(self.report_file) if self.report_file.exists() else ""
        return join_html(*heading, table, curves, draw_path(self.path), report)

    def __dir__(self) -> list[str]:
        """Return what a person may want: not what only a training needs."""
        own = [name for name in vars(Run) if not name.startswith("_")]
        return sorted({*SHOWN, *own})
