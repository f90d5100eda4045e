"""What `--json` of train, evaluate and predict prints; docs/schemas says what each key means.

A fact has the name that it has in the files of a run, such as metrics.json. Keys are added; none is
renamed, since scripts read them.
"""

from collections.abc import Iterator
from typing import Any

from keras_transfer.evaluation.metrics import classification_rows, score
from keras_transfer.evaluation.predict_output import UNSURE, ImagePredictions, list_rows
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run


def answer_training(run: Run) -> dict[str, Any]:
    """Return where a finished run is, its metrics.json, and where its files are."""
    run = Run(run.path.absolute())
    return {"run": run.path, "metrics": run.metrics(), "files": run.name_files()}


def answer_evaluation(run: Run, dataset: str | None, predictions: Predictions) -> dict[str, Any]:
    """Return the scores of a split as metrics.json has them, and those of each class.

    Args:
        run: Whose model was measured.
        dataset: The other images that it was measured on. None: its own.
        predictions: Of one split.
    """
    columns = "class", "precision", "recall", "f1", "support"
    return {
        "run": run.path.absolute(),
        "dataset": dataset,
        "split": predictions.split_names[0],
        **score(predictions),
        "per_class": [
            dict(zip(columns, row, strict=True)) for row in classification_rows(predictions)
        ],
    }


def answer_images(part: ImagePredictions, top: int, threshold: float) -> Iterator[dict[str, Any]]:
    """Yield what is said of each image; the arguments are those of `list_rows`."""
    for path, *best, error in list_rows(part, top, 0.0):
        pairs = [] if error else list(zip(best[::2], best[1::2], strict=True))
        first, probability = pairs[0] if pairs else (None, None)
        sure = probability is None or float(probability) >= threshold
        yield {
            "path": path,
            "prediction": first if sure else UNSURE,
            "probability": probability,
            "top": [{"class": name, "probability": share} for name, share in pairs],
            "error": error or None,
        }
