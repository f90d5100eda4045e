"""Which figures a run gets."""

from pathlib import Path

import numpy as np

from keras_transfer.config.split_names import choose_split
from keras_transfer.evaluation.figures.augmented_views import draw_view_sheet
from keras_transfer.evaluation.figures.class_bars import draw_class_bars
from keras_transfer.evaluation.figures.confusion_matrix import draw_confusion_matrix
from keras_transfer.evaluation.figures.drift_bars import draw_drift
from keras_transfer.evaluation.figures.learning_curves import draw_learning_curves
from keras_transfer.evaluation.figures.lettering import warn_of_missing
from keras_transfer.evaluation.figures.range_test_curve import draw_range_test
from keras_transfer.evaluation.figures.top_losses import COUNT, DrawExample, draw_top_losses
from keras_transfer.run.history import History
from keras_transfer.run.plan_file import read_settings
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table, replacing
from keras_transfer.system.terminal.short_names import shorten


def draw_figures(
    run: Run, history: History, root: Path, draw_example: DrawExample, noun: str = "image"
) -> None:
    """Draw the figures of a run: curves, what it gets wrong, what has moved.

    Args:
        run: Its predictions.csv is read.
        history: Its epochs.
        root: Folder of the data set, for the examples with the highest loss.
        draw_example: Returns a file's tile of so many pixels; see `Modality.draw_example`.
        noun: What one example is called.
    """
    name = run.path.name
    run.figures.mkdir(exist_ok=True)
    predictions = read_run_predictions(run)
    with replacing(run.figures / "learning_curves.png") as file:
        draw_learning_curves(history, file, name)
    split = choose_split(predictions.split_names)
    part, title = predictions.select(split), f"{name}: {split} {noun}s"
    draw_answers(part, run.figures, title, root, draw_example, noun=noun)
    if run.drift_file.exists():
        with replacing(run.figures / "backbone_drift.png") as file:
            draw_drift(read_table(run.drift_file), file, f"{name}: drift of the backbone")
    if run.range_test_file.exists():
        chosen = read_settings(run)["frozen"]["learning_rate"]
        with replacing(run.figures / "learning_rate.png") as file:
            draw_range_test(read_table(run.range_test_file), chosen, file, f"{name}: range test")


def draw_answers(
    predictions: Predictions,
    folder: Path,
    title: str,
    root: Path,
    draw_example: DrawExample,
    count: int = COUNT,
    noun: str = "image",
) -> None:
    """Draw per_class.png, confusion_matrix.png and top_losses.png.

    Args:
        predictions: Images of one split.
        folder: Gets the figures; it must be there.
        title: One line above the first two.
        root: Folder that the paths of `predictions` start from.
        draw_example: As `draw_figures` takes it.
        count: Number of examples in top_losses.png.
        noun: What one of them is called.
    """
    warn_of_missing(predictions.class_names)
    with replacing(folder / "per_class.png") as file:
        draw_class_bars(predictions, file, title)
    with replacing(folder / "confusion_matrix.png") as file:
        draw_confusion_matrix(predictions, file, title)
    with replacing(folder / "top_losses.png") as file:
        draw_top_losses(predictions, root, file, draw_example, count, noun)


def draw_augmentation(run: Run, augmentation: str, tiles: np.ndarray, labels: np.ndarray) -> None:
    """Draw augmentation.png: some training images and their first views.

    Args:
        run: Gets the figure.
        augmentation: In words.
        tiles: See `draw_view_sheet`.
        labels: See `draw_view_sheet`.
    """
    run.figures.mkdir(exist_ok=True)
    title = f"{run.path.name}: augmentation {shorten(augmentation, 120)}"
    with replacing(run.figures / "augmentation.png") as file:
        draw_view_sheet(tiles, labels, run.class_names(), file, title)
