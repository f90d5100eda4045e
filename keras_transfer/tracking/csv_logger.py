"""The logger `csv`: three tables in the run directory, for whoever reads tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.system.files.atomic_files import read_table, write_table
from keras_transfer.tracking.tracked_run import TrackedRun


class CsvLog:
    """Tables that are written anew whenever they grow, each whole or not at all.

    Args:
        folder: Of the run.
    """

    id = ""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.place, self.rows = folder, f"tables in {folder}", list[Sequence[Any]]()
        if (folder / "epochs.csv").is_file():
            self.rows = list(zip(*read_table(folder / "epochs.csv").values(), strict=True))

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Write parameters.csv."""
        write_table(self.folder / "parameters.csv", ("name", "value"), [*parameters.items()])

    def log_epoch(self, step: int, phase: str, values: Mapping[str, float]) -> None:
        """Add a row to epochs.csv."""
        self.rows = [*self.rows[: step - 1], (step, phase, *values.values())]
        columns = ("step", "phase_name", *values)
        write_table(self.folder / "epochs.csv", columns, self.rows)

    def log_results(
        self, results: Mapping[str, float], figures: Sequence[Path], files: Sequence[Path]
    ) -> None:
        """Write results.csv and files.csv, whose paths are relative to the run directory."""
        write_table(self.folder / "results.csv", ("name", "value"), [*results.items()])
        kinds = [("figure", figure) for figure in figures]
        kinds += [("model" if file == files[0] else "file", file) for file in files]
        rows = [(kind, file.relative_to(self.folder.parent).as_posix()) for kind, file in kinds]
        write_table(self.folder / "files.csv", ("kind", "path"), rows)

    def close(self, finished: bool) -> None:
        """Do nothing: what is written is whole."""


def open_csv(tracked: TrackedRun) -> CsvLog:
    """Return the log in the run directory."""
    return CsvLog(tracked.run.csv_logs)
