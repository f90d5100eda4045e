"""What a logger is told of a run: read from its files, so that any finished run could be told."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_transfer.config.layers import flatten
from keras_transfer.config.train_config import to_dict
from keras_transfer.run.history import MEASURED
from keras_transfer.run.load_settings import load_recorded
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import COMPARISON_FILE

HANDLES = (
    "resume",
    "output",
    "name",
    "quiet",
    "report",
    "tensorboard",
    "logger",
)  # of a model no parameters


@dataclass(frozen=True)
class TrackedRun:
    """A run, and what the store of the logger calls it."""

    run: Run
    id: str = ""
    """What the store called it in an earlier process; "": it is new there."""

    @property
    def name(self) -> str:
        """What the run is called: as its folder."""
        return self.run.path.absolute().name

    @property
    def group(self) -> str:
        """The comparison that the run is a row of; "" for other runs."""
        folder = self.run.path.absolute().parent.parent
        return folder.name if (folder / COMPARISON_FILE).is_file() else ""

    @property
    def output(self) -> Path:
        """The folder that runs and comparisons are made in."""
        folder = self.run.path.absolute().parent
        return folder.parent.parent if self.group else folder

    @property
    def experiment(self) -> str:
        """The name of that folder."""
        return self.output.name

    def parameters(self) -> dict[str, Any]:
        """Return the settings that make the model, as far as they are resolved, by dotted names."""
        settings = flatten(to_dict(load_recorded(self.run)))
        return {
            name: value
            for name, value in settings.items()
            if name not in HANDLES and value != "auto"  # a rate that is found as training begins
        }

    def epochs(self, first: int) -> Iterator[tuple[int, str, dict[str, float]]]:
        """Yield step, phase and values of the epochs after the first ones, all phases in a row."""
        table = self.run.history_table()
        phases = list(dict.fromkeys(table["phase"]))
        for row, phase in list(enumerate(table["phase"]))[first:]:
            names = ("learning_rate", *MEASURED, "seconds")
            values = {name: float(table[name][row]) for name in names}
            yield row + 1, phase, {"phase": phases.index(phase) + 1.0, **values}

    def results(self) -> dict[str, float]:
        """Return the numbers of metrics.json that say how good the model is, and what it took."""
        metrics = self.run.metrics()
        found = dict(_list_numbers("", metrics["splits"]))
        found |= dict(_list_numbers("parameters", metrics["parameters"]))
        found |= dict(_list_numbers("adapt", metrics.get("adapt", {})))
        return found | {"seconds": float(metrics["seconds"]["total"])}

    def figures(self) -> list[Path]:
        """Return the figures."""
        return sorted(self.run.figures.glob("*.png"))

    def files(self) -> list[Path]:
        """Return the model, and what belongs to it."""
        run = self.run
        models = run.model_file, run.source_model_file
        files = (*models, run.class_names_file, run.config_file, run.model_card_file)
        return [file for file in files if file.is_file()]


def _list_numbers(start: str, values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the finite numbers in nested values by their joined names, such as test/accuracy."""
    for name, value in values.items():
        joined = f"{start}/{name}" if start else name
        if isinstance(value, Mapping):
            yield from _list_numbers(joined, value)
        elif isinstance(value, int | float) and math.isfinite(value):
            yield joined, float(value)
