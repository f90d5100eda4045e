"""Which figures a run gets."""

from pathlib import Path

import numpy as np

from keras_transfer.config.messages import shorten
from keras_transfer.config.split_names import choose_split
from keras_transfer.evaluation.figures.augmented_views import draw_view_sheet
from keras_transfer.evaluation.figures.confusion_matrix import draw_confusion_matrix
from keras_transfer.evaluation.figures.drift_bars import draw_drift
from keras_transfer.evaluation.figures.learning_curves import draw_learning_curves
from keras_transfer.evaluation.figures.lettering import warn_of_missing
from keras_transfer.evaluation.figures.range_test_curve import draw_range_test
from keras_transfer.evaluation.figures.top_losses import DrawExample, draw_top_losses
from keras_transfer.run.history import read_history
from keras_transfer.run.plan_file import read_settings
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table, replacing


def draw_figures(run: Run, root: Path, draw_example: DrawExample) -> None:
    """Draw the figures of a run from its files: curves, what it gets wrong, what has moved.

    Args:
        run: Its history.csv and predictions.csv are read.
        root: Folder of the data set, for the images with the highest loss.
        draw_example: See `Modality.draw_example`.
    """
    name = run.path.name
    run.figures.mkdir(exist_ok=True)
    with replacing(run.figures / "learning_curves.png") as file:
        draw_learning_curves(read_history(run.history_table()), file, name)
    predictions = read_run_predictions(run)
    split = choose_split(predictions.split_names)
    part = predictions.select(split)
    with replacing(run.figures / "confusion_matrix.png") as file:
        draw_confusion_matrix(part, file, f"{name}: {split} images")
    warn_of_missing(part.class_names)
    with replacing(run.figures / "top_losses.png") as file:
        draw_top_losses(part, root, file, draw_example)
    if run.drift_file.exists():
        with replacing(run.figures / "backbone_drift.png") as file:
            draw_drift(read_table(run.drift_file), file, f"{name}: drift of the backbone")
    if run.range_test_file.exists():
        chosen = read_settings(run)["frozen"]["learning_rate"]
        with replacing(run.figures / "learning_rate.png") as file:
            draw_range_test(read_table(run.range_test_file), chosen, file, f"{name}: range test")


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
