"""Train the rows of a comparison, several at once, each in a process of its own."""

import contextlib
import dataclasses
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from keras_transfer.comparison.columns import FINISHED, RUNNING, WAITING, Result
from keras_transfer.comparison.comparison_directory import Comparison
from keras_transfer.comparison.engines import ENGINES, Call, read_variables
from keras_transfer.comparison.results_csv import Results
from keras_transfer.comparison.rows import Row
from keras_transfer.config.layers import flatten
from keras_transfer.config.train_config import to_dict
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.resuming import PLACES
from keras_transfer.run.run_directory import RESUME, Run
from keras_transfer.system.atomic_files import read_table, write_table, write_text
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

DIVISIONS = 4  # times that a data set is divided before its splits must be settled
COMMAND = ("-m", "keras_transfer.train")

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
    from keras_transfer.data.splits.division import SPLIT_COLUMNS, divide_examples

    is_new, modality = not any(comparison.runs.iterdir()), choose_modality(row.config)
    if is_new:
        write_table(
            comparison.split_file, SPLIT_COLUMNS, divide_examples(row.config, modality).rows()
        )
    config = settle_row(comparison, row).config
    for _ in range(DIVISIONS):
        before = read_table(comparison.split_file)
        with _without_warnings():  # the first division and the rows say them
            found = [*divide_examples(config, modality).rows()]
        moved = {*zip(*before.values(), strict=True)} ^ {*found}
        if not moved:
            return
        if not is_new:
            break
        write_table(comparison.split_file, SPLIT_COLUMNS, found)
    paths = sorted({path for path, *_ in moved})
    if is_new:
        raise ConfigError(
            "The splits of a comparison must be the same when they are made again. Received: "
            f"{len(paths)} images that move, such as {paths[0]}. Remove copies of images."
        )
    raise ConfigError(
        f"The images of a comparison must be as in {comparison.split_file}. Received: {len(paths)} "
        f"that have come, gone or changed, such as {paths[0]}. Undo that, or compare anew."
    )


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    data = logging.getLogger("keras_transfer.data")
    level = data.level
    data.setLevel(logging.ERROR)
    try:
        yield
    finally:
        data.setLevel(level)


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
    crew = _Crew(comparison, results, stop)
    with ENGINES[engine](jobs, stop) as call, ThreadPoolExecutor(jobs) as threads:
        try:
            futures = [threads.submit(crew.work, row, call) for row in pending]
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            threads.shutdown(cancel_futures=True)  # waits for the processes
            raise


class _Crew:
    """What the threads share that wait for rows."""

    def __init__(self, comparison: Comparison, results: Results, stop: threading.Event) -> None:
        self._comparison, self._results, self._stop = comparison, results, stop
        self._warned: set[str] = set()

    def work(self, row: Row, call: Call) -> None:
        """Train one row, and report what became of it."""
        if self._stop.is_set() or self._settle(row):
            return
        self._results.report(row, Result(status=RUNNING))
        logger.info("%s begins", row.name)
        output = self._comparison.rows / f"{row.name}.log"
        start = output.stat().st_size if output.exists() else 0
        try:
            ending = call(_choose_words(self._comparison, row), output, read_variables())
            result = self._results.measure(row, ending.peak_memory_mb)
            if result.status == WAITING:
                result = Result(status=f"failed: {explain_end(output, start, ending.code)}")
        except ConfigError as error:
            result = Result(status=f"failed: {' '.join(str(error).split())}")
        if self._stop.is_set() and result.status != FINISHED:
            self._results.report(row, Result())
            return
        self._results.report(row, result)
        self._pass_on(row, _read_lines(output, start))
        self._tell(row, result)

    def _settle(self, row: Row) -> bool:
        """Return whether the row is finished already; put a finished run of no use aside."""
        result = self._results.measure(row, None)
        if result.status == FINISHED:  # since we looked, by a process that was left alone
            self._results.report(row, result)
        elif result.status != WAITING:
            aside = self._comparison.set_aside(row.name)
            logger.warning("%s begins anew, its run is now %s", row.name, aside)
        return result.status == FINISHED

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


def settle_row(comparison: Comparison, row: Row) -> Row:
    """Return the row with what makes it part of the comparison: place, name, splits."""
    data = dataclasses.replace(row.config.data, split_file=comparison.split_file)
    settled = dataclasses.replace(
        row.config,
        output=comparison.runs,
        name=row.name,
        resume=None,
        quiet=True,  # train.log has it all
        assert_accuracy_at_least=None,
        data=data,
    )
    return dataclasses.replace(row, config=settled)


def explain_end(output: Path, start: int, code: int) -> str:
    """Return in one line why a process did not finish its run.

    Args:
        output: What it printed.
        start: Where in that file.
        code: Its exit code; negative: the signal that killed it.
    """
    if code < 0:
        return f"killed by signal {-code}" + (", as when memory runs out" if code == -9 else "")
    told = _read_lines(output, start)
    faults = [line for line in told if FAULT.match(line)]
    last = (faults or told or [f"exit code {code}"])[-1]
    return last.removeprefix("error: ")


def _read_lines(output: Path, start: int) -> list[str]:
    """Return the lines of a file from a position on, but for empty ones."""
    if not output.exists():
        return []
    with output.open("rb") as stream:
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _choose_words(comparison: Comparison, row: Row) -> Sequence[str]:
    """Return the words for Python that begin the run of a row, or go on with it."""
    run, config = Run(comparison.runs / row.name), settle_row(comparison, row).config
    if run.plan_file.exists():
        places = {name: flatten(to_dict(config))[name] for name in PLACES}
        moved = [f"--{name}={place}" for name, place in places.items() if place is not None]
        return [*COMMAND, "--resume", str(run.path), *moved]
    if run.config_file.exists():  # nothing was decided yet, and this folder may have moved
        write_text(run.config_file, dump_config(config))
        return [*COMMAND, "--resume", str(run.path)]
    file = comparison.rows / f"{row.name}.yaml"
    write_text(file, dump_config(config))
    return [*COMMAND, "--config", str(file)]
