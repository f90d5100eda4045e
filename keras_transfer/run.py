"""The run directory: the only code that knows the names of the files in it.

Every file is written under a temporary name, flushed and renamed, so a file that exists is whole.
"""

import contextlib
import csv
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from keras_transfer.config import ConfigError, TrainConfig

logger = logging.getLogger(__name__)

HISTORY_COLUMNS = (
    "phase",
    "epoch",
    "learning_rate",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "seconds",
)

Table = dict[str, list[str]]  # column name -> its cells, as text


class Run:
    """One training and the folder it left.

    Args:
        path: An existing run directory. `create` makes a new one, `open` checks a finished one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.environment_file = self.path / "environment.json"
        self.class_names_file = self.path / "class_names.txt"
        self.split_file = self.path / "split.csv"
        self.data_report_file = self.path / "data_report.json"
        self.freeze_table_file = self.path / "freeze_table.csv"
        self.history_file = self.path / "history.csv"
        self.predictions_file = self.path / "predictions.csv"
        self.log_file = self.path / "train.log"
        self.model_file = self.path / "model.keras"
        self.metrics_file = self.path / "metrics.json"
        self.model_card_file = self.path / "model_card.md"
        self.figures = self.path / "figures"
        self.exports = self.path / "exports"
        self.parity_file = self.exports / "parity.json"
        self.scratch = self.path / "scratch"
        self.tensorboard = self.path / "tensorboard"
        self._started = self._lap = time.perf_counter()
        self.parts: dict[str, float] = {}  # part of the training -> seconds

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, config: TrainConfig) -> "Run":
        """Make the run directory that `config` asks for.

        Raises:
            ConfigError: A run of that name exists, or the folder cannot be written.
        """
        output = config.output.expanduser()
        stamp = f"{config.backbone}-{config.strategy}-{time.strftime('%Y%m%d-%H%M%S')}"
        others = (f"{stamp}-{number}" for number in range(2, 100))  # runs of the same second
        names = [config.name] if config.name else [stamp, *others]
        try:
            output.mkdir(parents=True, exist_ok=True)
            for name in names:
                with contextlib.suppress(FileExistsError):
                    (output / name).mkdir()
                    return cls(output / name)
        except OSError as error:
            raise ConfigError(
                f"`output` must be a folder that can be written. Received: {output} "
                f"({error.strerror}). Choose another with --output."
            ) from error
        raise ConfigError(
            f"`name` must be new in {output}. Received: {names[0]!r}, which exists. "
            "Choose another --name or remove that folder."
        )

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Return the finished run in `path`.

        Raises:
            ConfigError: There is no run, or it never finished.
        """
        run = cls(path)
        if not run.config_file.is_file():
            raise ConfigError(
                f"A run directory must hold config.yaml. Received: {path}, which does not."
            )
        if not run.metrics_file.is_file():
            raise ConfigError(
                f"The run in {path} did not finish: it has no metrics.json. Train it again."
            )
        return run

    def write_text(self, file: Path, text: str) -> None:
        """Write a text file whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")

    def write_json(self, file: Path, content: Mapping[str, Any]) -> None:
        """Write a JSON file whole or not at all; NaN is refused, since JSON has none."""
        self.write_text(
            file, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        )

    def write_table(
        self, file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write a CSV file whole or not at all."""
        with (
            replacing(file) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as stream,
        ):
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    def lap(self, part: str) -> None:
        """Count the time since the last call, or since the start, for a part of the training."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + now - self._lap
        self._lap = now

    def count_seconds(self) -> dict[str, float]:
        """Return the seconds so far: `total`, then each part, in the order they began."""
        total = time.perf_counter() - self._started
        return {name: round(spent, 2) for name, spent in {"total": total, **self.parts}.items()}

    @contextlib.contextmanager
    def recording(self, quiet: bool) -> Iterator[None]:
        """Copy the package's log lines to train.log and, unless `quiet`, to standard output.

        A run that the user ends, or can mend, before its first epoch is removed: it holds nothing.
        """
        package = logging.getLogger("keras_transfer")
        handlers: list[logging.Handler] = [logging.FileHandler(self.log_file, encoding="utf-8")]
        handlers.append(_Screen(sys.stdout))
        handlers[1].setLevel(logging.WARNING if quiet else logging.INFO)
        level, propagate = package.level, package.propagate
        package.setLevel(logging.INFO)
        package.propagate = False  # or a notebook's root handler prints every line again
        for handler in handlers:
            handler.setFormatter(_Lines())
            package.addHandler(handler)
        try:
            yield
        except BaseException as error:
            mended_by_user = isinstance(error, ConfigError | KeyboardInterrupt)
            if mended_by_user and not self.history_file.exists():
                shutil.rmtree(self.path, ignore_errors=True)
            else:
                logger.warning("The run in %s is not finished", self.path)
            raise
        finally:
            package.setLevel(level)
            package.propagate = propagate
            for handler in handlers:
                package.removeHandler(handler)
            handlers[0].close()

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json, which marks the run as finished, and remove the scratch folder."""
        self.write_json(self.metrics_file, metrics)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def metrics(self) -> dict[str, Any]:
        """Return metrics.json."""
        return dict(json.loads(self.metrics_file.read_text(encoding="utf-8")))

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in index order."""
        return tuple(self.class_names_file.read_text(encoding="utf-8").splitlines())

    def history(self) -> Table:
        """Return history.csv: one row an epoch."""
        return read_table(self.history_file)

    def predictions(self) -> Table:
        """Return predictions.csv: one row an image of validation and test."""
        return read_table(self.predictions_file)


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Hand out a temporary name; on success what is there becomes `file`, flushed to disk."""
    temporary = file.with_name(f".{os.getpid()}-{file.name}")  # keeps the suffix: writers look
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


class _Lines(logging.Formatter):
    """Plain lines; warnings and errors say that they are."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return f"{record.levelname}: {text}" if record.levelno >= logging.WARNING else text


class _Screen(logging.StreamHandler[TextIO]):
    """Standard output, until whoever reads it (`| head`) has enough; train.log goes on."""

    def handleError(self, record: logging.LogRecord) -> None:
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            self.setLevel(logging.CRITICAL + 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            super().handleError(record)


def read_table(file: Path) -> Table:
    """Read a CSV file with a header into columns of text."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        columns = next(reader)
        rows = list(reader)
    return {name: [row[index] for row in rows] for index, name in enumerate(columns)}
