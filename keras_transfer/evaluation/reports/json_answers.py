"""What `--json` of commands prints; docs/schemas says what each key means.

A fact has the name that it has in the files of a run, such as metrics.json. Keys are added; none is
renamed, since scripts read them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.evaluation.class_scores import COLUMNS, list_class_rows, list_confusions
from keras_transfer.evaluation.metrics import score
from keras_transfer.evaluation.predict_output import (
    UNSURE,
    UNUSUAL,
    UNUSUAL_SHARES,
    ImagePredictions,
    list_rows,
    spell_file,
)
from keras_transfer.evaluation.reports.evaluation_files import Evaluation
from keras_transfer.run.run_directory import Run

if TYPE_CHECKING:
    from keras_transfer.evaluation.explanation.explained_images import Explanation


def answer_training(run: Run) -> dict[str, Any]:
    """Return where a finished run is, its metrics.json, and where its files are."""
    run = Run(run.path.absolute())
    return {"run": run.path, "metrics": run.metrics(), "files": run.name_files()}


def answer_evaluation(done: Evaluation) -> dict[str, Any]:
    """Return the scores as metrics.json has them, per_class.csv, and what is confused most."""
    rows = list_class_rows(done.predictions)
    classes = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return {
        "run": done.run.path.absolute(),
        "dataset": done.dataset,
        "split": done.split,
        "tta": done.tta,
        **score(done.predictions),
        "per_class": [
            {name: value for name, value in row.items() if name != "split"} for row in classes
        ],
        "confusions": [vars(pair) for pair in list_confusions(done.predictions)],
    }


def answer_images(part: ImagePredictions, top: int, threshold: float) -> Iterator[dict[str, Any]]:
    """Yield what is said of each image; the arguments are those of `list_rows`."""
    for row, (path, *cells, error) in enumerate(list_rows(part, top, 0.0)):
        best = cells[: 2 * top]
        pairs = [] if error else list(zip(best[::2], best[1::2], strict=True))
        first, probability = pairs[0] if pairs else (None, None)
        sure = probability is None or float(probability) >= threshold
        yield {
            "path": path,
            "prediction": first if sure else UNSURE,
            "probability": probability,
            "top": [{"class": name, "probability": share} for name, share in pairs],
            **({} if part.members is None else {"set": part.list_set(row)}),
            **_answer_unusual(part, row),
            "error": error or None,
        }


def _answer_unusual(part: ImagePredictions, row: int) -> dict[str, Any]:
    """Return whether an image is unlike the training images, where that was asked for."""
    if part.unusual_share is None:
        return {}
    if part.reasons[row]:
        return {UNUSUAL: None, UNUSUAL_SHARES: None}
    share = float(f"{part.unusual_share[row]:.6g}")
    return {UNUSUAL: bool(part.unusual[row]), UNUSUAL_SHARES: share}


def answer_explanation(explanation: "Explanation", picture: Path | None) -> dict[str, Any]:
    """Return what is said of an image whose classes are explained in a picture."""
    classes = [
        {"class": each.class_name, "probability": each.probability, "speaks": not each.is_empty}
        for each in explanation.classes
    ]
    return {
        "path": spell_file(explanation.name),
        "truth": explanation.truth or None,
        "prediction": explanation.prediction or None,
        "probability": explanation.probability,
        "classes": classes,
        "picture": picture and picture.absolute(),
        "error": explanation.reason or None,
    }
