"""The directory of a comparison: the only code that knows the names of the files in it."""

import contextlib
import csv
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from keras_transfer.compare.columns import FINISHED
from keras_transfer.compare.grid import Grid, read_grid
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.run.resuming import read_time
from keras_transfer.run.run_files import COMPARISON_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import locks
from keras_transfer.system.files.atomic_files import (
    Table,
    explaining_disk,
    read_table,
    remove_unfinished,
    write_text,
)
from keras_transfer.system.files.ownership import refuse_links
from keras_transfer.system.files.user_folders import make_folder
from keras_transfer.system.logs import logging_to
from keras_transfer.system.terminal.visible_text import quote_word

RESUME = "python -m keras_transfer.compare --resume"


class Comparison:
    """Several trainings side by side, and the folder they left.

    Args:
        path: An existing folder. `create` makes a new one, `open` checks one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser().absolute()
        self.grid_file = self.path / COMPARISON_FILE
        self.split_file = self.path / "split.csv"
        self.results_file = self.path / "results.csv"
        self.figure_file = self.path / "comparison.png"
        self.report_file = self.path / "report.html"
        self.log_file = self.path / "compare.log"
        self.lock_file = self.path / "lock.json"
        self.rows = self.path / "rows"  # of each row: its settings, and all that it printed
        self.runs = self.path / "runs"
        self.replaced = self.path / "replaced"  # runs that could not be used

    def __repr__(self) -> str:
        return f"Comparison({str(self.path)!r})"

    @classmethod
    def create(cls, grid: Grid) -> "Comparison":
        """Make the folder that the settings of `grid` ask for, with comparison.yaml in it.

        Raises:
            ConfigError: It exists, or cannot be written.
        """
        base = grid.base
        made = make_folder(base.output, base.name, "compare", lambda path: cls._make(path, grid))
        if made is not None:
            return made
        there = cls(base.output / (base.name or "compare"))
        goes_on = f", or go on with it: {there.say_resume()}" if there.grid_file.exists() else "."
        raise ConfigError(
            f"`name` must be new in {there.path.parent}. Received: {there.path.name!r}, which "
            f"exists. Choose another --name{goes_on}"
        )

    @classmethod
    def _make(cls, path: Path, grid: Grid) -> "Comparison":
        path.mkdir()
        comparison = cls(path)
        comparison.write_grid(grid)
        comparison.rows.mkdir()
        comparison.runs.mkdir()
        return comparison

    @classmethod
    def open(cls, path: str | Path) -> "Comparison":
        """Return the comparison in `path`, finished or not, with the folders it needs.

        Raises:
            ConfigError: There is none.
        """
        comparison = cls(path)
        if not comparison.grid_file.is_file():
            raise ConfigError(
                "A comparison must hold comparison.yaml. "
                f"Received: {comparison.path}, which does not."
            )
        refuse_links(comparison.rows, comparison.runs, comparison.replaced, comparison.log_file)
        with explaining_disk():
            for folder in (comparison.rows, comparison.runs):
                folder.mkdir(exist_ok=True)
        return comparison

    @classmethod
    def find(cls, grid: Grid) -> "Comparison | None":
        """Return the newest comparison of `grid` in its output that is not finished, if any."""
        files = grid.base.output.expanduser().glob(f"[!.]*/{COMPARISON_FILE}")
        for file in sorted(files, key=read_time, reverse=True):
            found, name = cls(file.parent), grid.base.name
            if (name and name != found.path.name) or found.is_finished():
                continue
            # one whose comparison.yaml is not what we write is not ours to go on with
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                if found.read_grid().is_same(grid):
                    return cls.open(found.path)
        return None

    def is_finished(self) -> bool:
        """Return whether all rows are finished and drawn, as far as results.csv can be read."""
        done = {*self.read_results().get("status", [])} == {FINISHED}
        return done and self.figure_file.exists()

    def read_grid(self) -> Grid:
        """Return what is compared."""
        return read_grid(read_yaml(self.grid_file))

    def write_grid(self, grid: Grid) -> None:
        """Write down what is compared."""
        write_text(self.grid_file, grid.dump())

    def results(self) -> Table:
        """Return results.csv: one row a training, in columns of text."""
        return read_table(self.results_file)

    def read_results(self) -> Table:
        """Return results.csv; nothing if it is missing or damaged."""
        try:
            return read_table(self.results_file)
        except (OSError, ValueError, IndexError, StopIteration, csv.Error):
            return {}

    @contextlib.contextmanager
    def recording(self, quiet: bool) -> Iterator[None]:
        """Keep the folder for this process, and copy the package's log lines to compare.log.

        Raises:
            ConfigError: Another process is at work here, or the disk refuses.
        """
        with explaining_disk():
            hold = locks.require(self.lock_file, "A comparison")
            try:
                for folder in (self.path, self.rows):
                    remove_unfinished(folder)
                with logging_to(self.log_file, quiet):
                    yield
            finally:
                self.lock_file.unlink(missing_ok=True)
                hold.close()

    def set_aside(self, name: str) -> Path:
        """Move a run out of the way, and return where it is now."""
        self.replaced.mkdir(exist_ok=True)
        places = (self.replaced / f"{name}-{number}" for number in itertools.count(1))
        aside = next(place for place in places if not place.exists())
        (self.runs / name).rename(aside)
        return aside

    def say_resume(self) -> str:
        """Return the command that goes on."""
        return f"{RESUME} {quote_word(self.path)}"

    def remove(self) -> None:
        """Remove it: nothing was done in it."""
        shutil.rmtree(self.path, ignore_errors=True)
