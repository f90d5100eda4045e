"""The run directory: the only code that knows the names of the files in it.

Every file is written under a temporary name, flushed and renamed, so a file that exists is whole.
"""

import contextlib
import errno
import json
import logging
import os
import secrets
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import dump_config, read_yaml
from keras_transfer.run.plan_file import PLAN_FORMAT
from keras_transfer.system import atomic_files, locks
from keras_transfer.system.atomic_files import Table, explaining_disk, read_table
from keras_transfer.system.errors import ConfigError, DeadEnd
from keras_transfer.system.logs import logging_to
from keras_transfer.system.user_folders import make_folder

logger = logging.getLogger(__name__)

NEW = ".new-"  # how the name of a folder begins that becomes a run directory
MOVED = "If the images of this run have moved, say where they are with --dataset."
RESUME = "python -m keras_transfer.train --resume"


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
        self.range_test_file = self.path / "range_test.csv"
        self.drift_file = self.path / "backbone_drift.csv"
        self.predictions_file = self.path / "predictions.csv"
        self.log_file = self.path / "train.log"
        self.model_file = self.path / "model.keras"
        self.metrics_file = self.path / "metrics.json"
        self.model_card_file = self.path / "model_card.md"
        self.figures = self.path / "figures"
        self.exports = self.path / "exports"
        self.parity_file = self.exports / "parity.json"
        self.scratch = self.path / "scratch"
        self.checkpoints = self.path / "checkpoints"
        self.plan_file = self.checkpoints / "plan.json"
        self.lock_file = self.path / "lock.json"
        self.tensorboard = self.path / "tensorboard"
        self._started = self._lap = time.perf_counter()
        self.is_new = False  # whether this process made the folder
        self.hold: locks.Hold | None = None
        self.parts: dict[str, float] = {}  # part of the training -> seconds

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, config: TrainConfig) -> "Run":
        """Make the run directory that `config` asks for, with config.yaml and lock.json in it.

        Raises:
            ConfigError: A run of that name exists, or the folder cannot be written.
        """
        stem = f"{config.backbone}-{config.strategy}"
        made = make_folder(config.output, config.name, stem, lambda path: cls._make(path, config))
        if made is not None:
            return made
        there = cls(config.output.expanduser() / (config.name or stem))
        goes_on = there.config_file.exists() and not there.metrics_file.exists()
        raise ConfigError(
            f"`name` must be new in {there.path.parent}. Received: {there.path.name!r}, which "
            "exists. Choose another --name or remove that folder. "
            + (there._say_resume() if goes_on else "")
        )

    @classmethod
    def _make(cls, path: Path, config: TrainConfig) -> "Run":
        """Make the folder under another name first: it is never there without its files."""
        if os.path.lexists(path):
            raise FileExistsError
        for left in map(cls, path.parent.glob(f"{NEW}*")):  # by processes killed at this point
            if locks.is_abandoned(left.lock_file):
                shutil.rmtree(left.path, ignore_errors=True)
        new = cls(path.with_name(f"{NEW}{os.getpid()}-{secrets.token_hex(4)}"))
        new.path.mkdir()
        try:
            new.hold = locks.seize(new.lock_file)
            new.write_text(new.config_file, dump_config(config))
            new.path.rename(path)
        except BaseException as error:
            new.release()
            shutil.rmtree(new.path, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise FileExistsError from error
            raise
        run = cls(path)
        run.is_new, run.hold = True, new.hold
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Return the finished run in `path`.

        Raises:
            ConfigError: There is no run, or it never finished.
        """
        run = cls(path)
        run.require_config()
        if not run.metrics_file.is_file():
            raise ConfigError(
                f"The run in {path} did not finish: it has no metrics.json. {run._say_resume()}"
            )
        return run

    def release(self) -> None:
        """Let another process write the run."""
        if self.hold is not None:
            with contextlib.suppress(OSError):
                self.lock_file.unlink(missing_ok=True)
            self.hold.close()
            self.hold = None

    def require_config(self) -> None:
        """Raise the `ConfigError` for a folder that is no run directory."""
        if not self.config_file.is_file():
            raise ConfigError(
                f"A run directory must hold config.yaml. Received: {self.path}, which does not."
            )

    def _say_resume(self) -> str:
        return f"Go on with: {RESUME} {shlex.quote(str(self.path))}"

    def read_plan(self) -> dict[str, Any] | None:
        """Return what was decided before the long work; None if none of that was begun.

        Raises:
            ConfigError: Another version wrote it.
        """
        if not self.plan_file.is_file():
            return None
        try:
            plan = dict(json.loads(self.plan_file.read_bytes()))
            found = plan["format"]
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"A plan must be as it was written. Received: {self.plan_file}. Train anew."
            ) from error
        if found != PLAN_FORMAT:
            raise ConfigError(
                f"A run must be of format {PLAN_FORMAT} to be resumed. Received: {self.path} of "
                f"format {found}. Use the version that began it, or train anew."
            )
        return plan

    def read_settings(self) -> Mapping[str, Any]:
        """Return the settings as they are known so far, `auto` words included.

        Raises:
            ConfigError: There is no run, or another version began it.
        """
        self.require_config()
        plan = self.read_plan()
        return plan["settings"] if plan else read_yaml(self.config_file)

    def write_text(self, file: Path, text: str) -> None:
        """Write a text file whole or not at all."""
        atomic_files.write_text(file, text)

    def write_json(self, file: Path, content: Mapping[str, Any]) -> None:
        """Write a JSON file whole or not at all; NaN is refused, since JSON has none."""
        self.write_text(
            file, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        )

    def write_table(
        self, file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write a CSV file whole or not at all."""
        atomic_files.write_table(file, columns, rows)

    def lap(self, part: str) -> None:
        """Count the time since the last call, or since the start, for a part of the training."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + now - self._lap
        self._lap = now

    def carry(self, seconds: Mapping[str, float]) -> None:
        """Count the seconds of the parts that were done before the run was interrupted."""
        for part, spent in seconds.items():
            self.parts[part] = self.parts.get(part, 0.0) + spent
        self._started -= sum(seconds.values())

    def count_seconds(self) -> dict[str, float]:
        """Return the seconds so far: `total`, then each part, in the order they began."""
        total = time.perf_counter() - self._started
        return {name: round(spent, 2) for name, spent in {"total": total, **self.parts}.items()}

    @contextlib.contextmanager
    def recording(self, quiet: bool) -> Iterator[None]:
        """Copy the package's log lines to train.log and, unless `quiet`, to standard output.

        Whatever ends the run, the lock is given back and the command that goes on is told. But a
        new run that ends by a wrong setting before its long work is removed: it holds nothing.

        Raises:
            ConfigError: A file of the run could not be written.
        """
        try:
            with explaining_disk(), logging_to(self.log_file, quiet):
                try:
                    yield
                except BaseException as error:
                    self._tell_end(error)
                    raise
        finally:
            self.release()

    def _tell_end(self, error: BaseException) -> None:
        """Remove a run in which nothing was done, or say how to go on with it."""
        if self.metrics_file.exists():
            return
        if isinstance(error, ConfigError) and self.is_new and not self.plan_file.exists():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            advice = "" if isinstance(error, DeadEnd) else self._say_resume()
            logger.warning("The run in %s is not finished. %s", self.path, advice)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json, which marks the run as finished; remove what only resuming needs."""
        self.write_json(self.metrics_file, metrics)
        self.clear()

    def clear(self) -> None:
        """Remove what only going on needs."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

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
