"""Train the rows of a comparison, several at once, each in a process of its own."""

import dataclasses
import logging
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from keras_transfer.cluster.ray_connection import read_variables
from keras_transfer.compare.baseline.baseline_row import COMMAND as BASELINE_COMMAND
from keras_transfer.compare.columns import FINISHED, RUNNING, WAITING, Result
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.engines import ENGINES, Call
from keras_transfer.compare.results_csv import Results
from keras_transfer.compare.rows import Row
from keras_transfer.config.layers import flatten
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS
from keras_transfer.run.resuming import PLACES
from keras_transfer.run.run_directory import RESUME, Run
from keras_transfer.system.child_python import SAFE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table, write_table, write_text
from keras_transfer.system.logs import without_warnings

logger = logging.getLogger(__name__)

DIVISIONS = 4  # times that a data set is divided before its splits must be settled
COMMAND = (SAFE, "-m", "keras_transfer.train")

WARNING = "WARNING: "  # as the log lines of a training begin

# How the last line of a traceback begins, or our own one line.
FAULT = re.compile(r"(error: |\w[\w.]*(Error|Exception|Interrupt|Exit)\b)")


def make_split(comparison: Comparison, row: Row) -> None:
    """Write the split.csv that all rows share; once runs are there, check that it still holds.

    A row divides the data set again, with split.csv as its `data.split_file`. That must give the
    same, and may not at once: a copy that a user's file had in another split was left out, and
    comes back to where its twin is. So it is divided until nothing moves.

    Raises:
        ConfigError: The data set cannot be used, or is not as it was.
    """
    from keras_transfer.data.divided_examples import divide_examples

    file = comparison.split_file
    if any(comparison.runs.iterdir()):
        if moved := _divide_again(comparison, row)[1]:
            raise ConfigError(
                f"The examples of a comparison must be as in {file}. Received: {len(moved)} that "
                f"have come, gone or changed, such as {moved[0]}. Undo that, or compare anew."
            )
        return
    write_table(
        file, SPLIT_COLUMNS, divide_examples(row.config, choose_modality(row.config)).rows()
    )
    for _ in range(DIVISIONS):
        found, moved = _divide_again(comparison, row)
        if not moved:
            return
        write_table(file, SPLIT_COLUMNS, found)
    raise ConfigError(
        "The splits of a comparison must be the same when they are made again. Received: "
        f"{len(moved)} examples that move, such as {moved[0]}. Remove copies."
    )


def train_rows(comparison: Comparison, results: Results, jobs: int, engine: str) -> None:
    """Train every row that is not finished; one that fails is a row with its reason.

    Args:
        comparison: Its split.csv is there.
        results: Is told what becomes of each row.
        jobs: Rows at the same time.
        engine: A key of `ENGINES`.
    """
    pending = results.select(WAITING)
    if not pending:
        return
    stop = threading.Event()
    with ENGINES[engine](jobs, stop) as call, ThreadPoolExecutor(jobs) as threads:
        training = _Training(comparison, results, call, stop)
        try:
            futures = [threads.submit(training.train, row) for row in pending]
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            threads.shutdown(cancel_futures=True)  # waits for the processes
            raise


def settle_config(comparison: Comparison, row: Row) -> TrainConfig:
    """Return the settings of a row with what makes it part of the comparison: place and splits."""
    return dataclasses.replace(
        row.config,
        output=comparison.runs,
        name=row.name,
        resume=None,
        quiet=True,  # train.log has it all
        assert_accuracy_at_least=None,  # it is the comparison's to keep
        data=dataclasses.replace(row.config.data, split_file=comparison.split_file),
    )


def _divide_again(
    comparison: Comparison, row: Row
) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """Return the rows of split.csv as a row would find them, and the paths that differ in them."""
    from keras_transfer.data.divided_examples import divide_examples

    before = read_table(comparison.split_file)
    with without_warnings():  # the first division and the rows say them
        config = settle_config(comparison, row)
        found = [*divide_examples(config, choose_modality(config)).rows()]
    moved = {*zip(*before.values(), strict=True)} ^ {*found}
    return found, sorted({path for path, *_ in moved})


class _Training:
    """What the threads that train rows have in common; each call of `train` is a row's.

    Args:
        comparison: Its folders hold the rows.
        results: Is told what becomes of each row.
        call: Starts a process and waits for its end.
        stop: Set when no row is to begin any more, and `call` ends those under way.
    """

    def __init__(
        self, comparison: Comparison, results: Results, call: Call, stop: threading.Event
    ) -> None:
        self._comparison, self._results, self._call, self._stop = comparison, results, call, stop
        self._warned: set[str] = set()  # lines that were passed on

    def train(self, row: Row) -> None:
        """Train a row unless it is finished, and report what became of it."""
        if self._stop.is_set() or self._is_finished(row):
            return
        self._results.report(row, Result(status=RUNNING))
        logger.info("%s begins", row.name)
        printed = _Printed(self._comparison.rows / f"{row.name}.log")
        result = self._run(row, printed)
        if self._stop.is_set() and result.status != FINISHED:
            self._results.report(row, Result())  # it waits for a resume
            return
        self._results.report(row, result)
        self._pass_on(row, printed.lines())
        self._tell(row, result)

    def _is_finished(self, row: Row) -> bool:
        """Return whether the row is finished already; a finished run of no use is put aside."""
        result = self._results.measure(row, None)
        if result.status == FINISHED:  # since we looked, by a process that was left alone
            self._results.report(row, result)
        elif result.status != WAITING:
            aside = self._comparison.set_aside(row.name)
            logger.warning("%s begins anew, its run is now %s", row.name, aside)
        return result.status == FINISHED

    def _run(self, row: Row, printed: "_Printed") -> Result:
        """Let a process train the row, and return what its run says, or why there is none."""
        try:
            words = _choose_words(self._comparison, row)
            ending = self._call(words, printed.file, read_variables())
        except ConfigError as error:
            return Result.failed(" ".join(str(error).split()))
        result = self._results.measure(row, ending.peak_memory_mb)
        if result.status == WAITING:  # no metrics.json
            return Result.failed(_explain_end(ending.code, printed.lines()))
        return result

    def _pass_on(self, row: Row, lines: Sequence[str]) -> None:
        """Say what a row warned of, unless another one did before."""
        for line in lines:
            is_news = line not in self._warned and RESUME not in line  # that is ours to say
            if line.startswith(WARNING) and is_news:
                self._warned.add(line)
                logger.warning("%s: %s", row.name, line.removeprefix(WARNING))

    def _tell(self, row: Row, result: Result) -> None:
        left = f"{len(self._results.select(WAITING, RUNNING))} to go"
        if result.status == FINISHED:
            accuracy, seconds = result.validation_accuracy, result.seconds
            logger.info(
                "%s: validation accuracy %.3f, %.0f s; %s", row.name, accuracy, seconds, left
            )
        else:
            logger.warning("%s %s; %s", row.name, result.status, left)


class _Printed:
    """What a row prints from now on, behind what earlier tries of it left in the same file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._start = file.stat().st_size if file.exists() else 0

    def lines(self) -> list[str]:
        """Return the lines so far, but for empty ones."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as stream:
            stream.seek(self._start)
            lines = stream.read().decode("utf-8", "replace").splitlines()
        return [line.strip() for line in lines if line.strip()]


def _explain_end(code: int, lines: Sequence[str]) -> str:
    """Return in one line why a process did not finish its run.

    Args:
        code: Its exit code; negative: the signal that killed it.
        lines: What it printed.
    """
    if code < 0:
        return f"killed by signal {-code}" + (", as when memory runs out" if code == -9 else "")
    faults = [line for line in lines if FAULT.match(line)]
    last = (faults or lines or [f"exit code {code}"])[-1]
    return last.removeprefix("error: ")


def _choose_words(comparison: Comparison, row: Row) -> Sequence[str]:
    """Return the words for Python that begin the run of a row, or go on with it."""
    run, config = Run(comparison.runs / row.name), settle_config(comparison, row)
    file = comparison.rows / f"{row.name}.yaml"
    if row.is_baseline:  # seconds: it begins anew
        write_text(file, dump_config(config))
        return [*BASELINE_COMMAND, str(file)]
    if run.plan_file.exists():  # it goes on as it was planned, but for where its images are now
        stated = {name: flatten(to_dict(config))[name] for name in (*PLACES, "report")}
        changed = [f"--{name}={value}" for name, value in stated.items() if value is not None]
        return [*COMMAND, "--resume", str(run.path), *changed]
    if run.config_file.exists():  # nothing was decided yet, and this folder may have moved
        write_text(run.config_file, dump_config(config))
        return [*COMMAND, "--resume", str(run.path)]
    write_text(file, dump_config(config))
    return [*COMMAND, "--config", str(file)]
