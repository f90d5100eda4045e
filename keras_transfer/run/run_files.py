"""The files of a run directory: the only code that knows their names."""

import os
from pathlib import Path
from typing import Any, overload

from keras_transfer.run.contents import kinds
from keras_transfer.run.contents.read_files import read_json, read_names, read_rows
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS, check_rows
from keras_transfer.system.files.atomic_files import Table, read_table

EVALUATION_FILE = "evaluation.json"  # in the folder of an evaluation: what was evaluated
COMPARISON_FILE = "comparison.yaml"  # in the folder of a comparison, which holds runs
ZEROSHOT_FILE = "zeroshot.json"  # in the folder of zeroshot: what was asked for
ZEROSHOT = "a folder of zeroshot, which is no run"  # in messages
REVIEW_FILE = "review.json"  # in the folder of a review of labels: what was reviewed
EMBEDDING_FILE = "embedding.json"  # in the folder of an embedding: whose features they are


class _Within:
    """A file or folder, by where it is in the run directory."""

    def __init__(self, place: str) -> None:
        self.place = place

    @overload
    def __get__(self, files: None, owner: type) -> "_Within": ...
    @overload
    def __get__(self, files: "RunFiles", owner: type) -> Path: ...
    def __get__(self, files: "RunFiles | None", owner: type) -> "Path | _Within":
        return self if files is None else files.path / self.place


class RunFiles:
    """Where the files of a run are, and what is in those that others read.

    Args:
        path: The run directory.
    """

    config_file = _Within("config.yaml")
    environment_file = _Within("environment.json")
    given_parts_file = _Within("given_parts.json")
    class_names_file = _Within("class_names.txt")
    split_file = _Within("split.csv")
    target_file = _Within("target.csv")
    data_report_file = _Within("data_report.json")
    freeze_table_file = _Within("freeze_table.csv")
    history_file = _Within("history.csv")
    range_test_file = _Within("range_test.csv")
    drift_file = _Within("backbone_drift.csv")
    predictions_file = _Within("predictions.csv")
    target_predictions_file = _Within("target_predictions.csv")
    neighbours_file = _Within("neighbours.npz")
    unusual_file = _Within("unusual.csv")
    per_class_file = _Within("per_class.csv")
    confusion_file = _Within("confusion_matrix.csv")
    log_file = _Within("train.log")
    tokenizer = _Within("tokenizer")
    model_file = _Within("model.keras")
    source_model_file = _Within("source_model.keras")
    metrics_file = _Within("metrics.json")
    report_file = _Within("report.html")
    model_card_file = _Within("model_card.md")
    figures = _Within("figures")
    evaluations = _Within("evaluations")
    explanations = _Within("explanations")
    exports = _Within("exports")
    parity_file = _Within("exports/parity.json")
    tensorboard = _Within("tensorboard")
    csv_logs = _Within("csv_logs")
    wandb = _Within("wandb")
    tracking_file = _Within("tracking.json")
    scratch = _Within("scratch")
    checkpoints = _Within("checkpoints")
    plan_file = _Within("checkpoints/plan.json")
    lock_file = _Within("lock.json")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def own_model_file(self) -> Path:
        """The model for images of the run's own domain.

        A run that was adapted to another one may hold two, which differ in statistics alone.
        """
        return self.source_model_file if self.source_model_file.exists() else self.model_file

    def is_of_zeroshot(self) -> bool:
        """Return whether it is no run, but a folder of zeroshot."""
        return (self.path / ZEROSHOT_FILE).is_file()

    def list_places(self) -> list[Path]:
        """Return where each file and folder is, or would be."""
        fields = vars(RunFiles).values()
        return [self.path / each.place for each in fields if isinstance(each, _Within)]

    def name_files(self) -> dict[str, Path]:
        """Return each file and folder that is there, by what it holds: "model", "figures"."""
        fields = {key: each for key, each in vars(RunFiles).items() if isinstance(each, _Within)}
        files = {key.removesuffix("_file"): self.path / each.place for key, each in fields.items()}
        return {name: file for name, file in files.items() if file.exists()}

    def metrics(self) -> dict[str, Any]:
        """Return metrics.json."""
        return dict(read_json(self.metrics_file, kinds.Metrics))

    def data_report(self) -> dict[str, Any]:
        """Return data_report.json."""
        return dict(read_json(self.data_report_file, kinds.DataReport))

    def parity(self) -> dict[str, Any]:
        """Return exports/parity.json."""
        return dict(read_json(self.parity_file, kinds.Parity, "Remove it and export anew."))

    def environment(self) -> dict[str, Any]:
        """Return environment.json."""
        return dict(read_json(self.environment_file, kinds.Environment, "Restore or remove it."))

    def given_parts(self) -> dict[str, str]:
        """Return given_parts.json: what Python code gave, by kind; nothing where there is none."""
        if not os.path.lexists(self.given_parts_file):
            return {}
        return dict(read_json(self.given_parts_file, kinds.GivenParts))

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in index order."""
        return read_names(self.class_names_file)

    def split_table(self) -> Table:
        """Return split.csv: one row an example that is used."""
        table = read_rows(self.split_file, SPLIT_COLUMNS)
        check_rows(table, self.class_names(), self.split_file)
        return table

    def history_table(self) -> Table:
        """Return history.csv: one row an epoch."""
        return read_table(self.history_file)

    def predictions_table(self) -> Table:
        """Return predictions.csv: one row an example of validation and test."""
        return read_table(self.predictions_file)


def is_output(folder: str | Path) -> bool:
    """Return whether a folder is one that a command left: a run, a review, an export and so on."""

    def holds(*names: str) -> bool:
        return any(os.path.exists(os.path.join(folder, name)) for name in names)

    log, metrics = RunFiles.log_file.place, RunFiles.metrics_file.place
    is_run = holds(RunFiles.config_file.place) and holds(log, metrics, RunFiles.lock_file.place)
    others = COMPARISON_FILE, EMBEDDING_FILE, EVALUATION_FILE, REVIEW_FILE, ZEROSHOT_FILE
    return is_run or holds(*others, "saved_model.pb", "parity.json")
