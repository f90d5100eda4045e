"""The run directory: how a run is made, held by one process, logged, and finished.

Every file is written under a temporary name, flushed and renamed, so a file that exists is whole.
"""

import contextlib
import errno
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import shorten_origin
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.run.contents.prediction_columns import require_columns
from keras_transfer.run.run_files import ZEROSHOT, RunFiles
from keras_transfer.run.stopwatch import Stopwatch
from keras_transfer.system.errors import ConfigError, DeadEnd
from keras_transfer.system.files import locks
from keras_transfer.system.files.atomic_files import (
    explaining_disk,
    read_table,
    write_json,
    write_text,
)
from keras_transfer.system.files.ownership import OWNER, is_marked, refuse_links, remove_own
from keras_transfer.system.files.user_folders import make_folder
from keras_transfer.system.logs import logging_to
from keras_transfer.system.terminal.notebook import is_notebook
from keras_transfer.system.terminal.visible_text import quote_word

logger = logging.getLogger(__name__)

NEW = ".new-"  # how the name of a folder begins that becomes a run directory
MOVED = "If the examples of this run have moved, say where they are with --dataset."
RESUME = "python -m keras_transfer.train --resume"


class Run(RunFiles):
    """One training and the folder it left.

    Args:
        path: An existing run directory. `create` makes a new one, `open` checks a finished one.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.stopwatch = Stopwatch()
        self.is_new = False  # whether this process made the folder
        self.hold: locks.Hold | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, config: TrainConfig, parts: Mapping[str, str] | None = None) -> "Run":
        """Make the run directory that `config` asks for, with config.yaml and lock.json in it.

        Args:
            config: The settings.
            parts: What Python code gave besides, by kind, for given_parts.json.

        Raises:
            ConfigError: A run of that name exists, or the folder cannot be written.
        """
        stem = f"{shorten_origin(config.backbone)}-{config.strategy}"
        made = make_folder(
            config.output, config.name, stem, lambda path: cls._make(path, config, parts or {})
        )
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
    def _make(cls, path: Path, config: TrainConfig, parts: Mapping[str, str]) -> "Run":
        """Make the folder under another name first: it is never there without its files."""
        if os.path.lexists(path):
            raise FileExistsError
        for left in map(cls, path.parent.glob(f"{NEW}*")):  # by processes killed at this point
            if is_marked(left.path, [left.lock_file.name]) and locks.is_abandoned(left.lock_file):
                shutil.rmtree(left.path, ignore_errors=True)
        new = cls(path.with_name(f"{NEW}{os.getpid()}-{secrets.token_hex(4)}"))
        new.path.mkdir()
        try:
            new.hold = locks.seize(new.lock_file)
            write_text(new.config_file, dump_config(config))
            if parts:
                write_json(new.given_parts_file, parts)
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
        """Return the finished run in `path`, whose model, class names and metrics.json are there.

        Raises:
            ConfigError: There is no run, it never finished, or one of those files is damaged.
        """
        run = cls(path)
        run.require_config()
        if not os.path.lexists(run.metrics_file):
            raise ConfigError(
                f"The run in {path} did not finish: it has no metrics.json. {run._say_resume()}"
            )
        run.metrics()
        names = run.class_names()
        if not run.model_file.is_file():
            raise ConfigError(
                f"A finished run must hold model.keras. Received: {run.path}, which does not. "
                "Restore it from a copy, or train anew."
            )
        if run.predictions_file.is_file():  # it names the classes, too
            require_columns(read_table(run.predictions_file, 0), names)
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
                f"A run directory must hold config.yaml. Received: {self.path}, "
                f"{ZEROSHOT if self.is_of_zeroshot() else 'which does not'}."
            )

    def refuse_links(self) -> None:
        """Refuse to write into a run whose folders lead elsewhere: it may be a stranger's.

        Raises:
            ConfigError: One does.
        """
        folders = self.checkpoints, self.scratch, self.figures, self.exports
        asked = self.evaluations, self.explanations
        logs = self.tensorboard, self.csv_logs, self.wandb, self.log_file
        refuse_links(*folders, *asked, *logs)

    def refuse_folders(self) -> None:
        """Refuse to go on where a folder stands in the place of a file, before the long work.

        Raises:
            ConfigError: One does.
        """
        for file in self.list_places():
            if file.suffix and file.is_dir():
                raise ConfigError(
                    f"{file.name} of a run must be a file. Received: the folder {file}. "
                    "Move or remove it."
                )

    def _say_resume(self) -> str:
        if os.path.lexists(self.given_parts_file):  # the command has nothing to give
            return f"Go on from Python with the same parts: fine_tune(resume={str(self.path)!r}, …)"
        if is_notebook():
            return f"Go on with: kt.fine_tune(resume={str(self.path)!r})"
        return f"Go on with: {RESUME} {quote_word(self.path)}"

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
        write_json(self.metrics_file, metrics)
        self.clear()

    def clear(self) -> None:
        """Remove what only going on needs."""
        for folder, manifest in ((self.scratch, OWNER), (self.checkpoints, self.plan_file.name)):
            if is_marked(folder, [manifest]):
                remove_own(folder, manifest)
            with contextlib.suppress(OSError):  # a kill may have left it empty
                folder.rmdir()
