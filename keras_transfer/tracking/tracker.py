"""Keeps a logger told of a training, and a training from what happens to a logger."""

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_transfer.config.messages import say_fault
from keras_transfer.run.contents.kinds import Tracking
from keras_transfer.run.contents.read_files import read_json
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.tracking.loggers import LOGGERS, Log
from keras_transfer.tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

SECRET = re.compile(r"(?<=//)[^/@\s]+(?=@)")  # of an address, user:password@


class Tracker:
    """Tells the logger of one run; after a first fault it says so once, and nothing more is told.

    Args:
        run: Its files are read, and tracking.json is written.
        name: Key in `LOGGERS`, or none.
    """

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name, self.told = run, name, 0  # told: epochs that the log has
        self.tracked = TrackedRun(run)
        self.parameters: dict[str, Any] = {}
        self.log: Log | None = None

    def begin(self) -> list[keras.callbacks.Callback]:
        """Open the log, or go on with it, and return what tells it of every epoch."""
        if self.name == "none":
            return []
        self._try(self._open)
        return [TellLogger(self)]

    def tell_epochs(self) -> None:
        """Tell of the epochs in history.csv that the log does not have."""
        self._try(self._tell_epochs)

    def end(self, finished: bool) -> None:
        """Close the log, which gets the results of a finished run."""
        if finished:
            self._try(self._tell_results)
        self._try(lambda log: log.close(finished))
        self.log = None

    def _open(self, _: None) -> None:
        before = self._recall()
        tracked = TrackedRun(self.run, before.get("id", ""))
        self.log = LOGGERS[self.name].open(tracked)
        self.tracked, self.told = tracked, before.get("epochs", 0)
        self._note()
        self.parameters = tracked.parameters()
        self.log.log_parameters(self.parameters)
        logger.info("Logger: %s, %s", self.name, self.log.place)
        if self.run.history_file.exists():  # what was kept and not told when the run was killed
            self._tell_epochs(self.log)

    def _tell_epochs(self, log: Log) -> None:
        for step, phase, values in self.tracked.epochs(self.told):
            log.log_epoch(step, phase, values)
            self.told = step
            self._note()

    def _tell_results(self, log: Log) -> None:
        if (parameters := self.tracked.parameters()) != self.parameters:
            log.log_parameters(parameters)  # with what was found meanwhile
        log.log_results(self.tracked.results(), self.tracked.figures(), self.tracked.files())

    def _recall(self) -> Tracking:
        """Return what an earlier process noted of the same logger."""
        nothing = Tracking(logger=self.name, id="", epochs=0)
        if not self.run.tracking_file.exists():
            return nothing
        noted = read_json(self.run.tracking_file, Tracking)
        return noted if noted["logger"] == self.name else nothing

    def _note(self) -> None:
        if self.log:
            noted = {"logger": self.name, "id": self.log.id, "epochs": self.told}
            write_json(self.run.tracking_file, noted)

    def _try(self, act: Callable[[Any], None]) -> None:
        """Do what concerns the log, if it is open or about to be; a fault is the end of it."""
        if self.log is None and act != self._open:
            return
        try:
            act(self.log)
        except Exception as error:  # of any library: the network, the disk, an account
            fault = SECRET.sub("…", say_fault(error))
            log, self.log = self.log, None
            logger.warning("The logger %s failed and is off: %s", self.name, fault)
            if log:
                with contextlib.suppress(Exception):
                    log.close(False)


class TellLogger(keras.callbacks.Callback):
    """Tell a logger of each epoch, once it is kept.

    Args:
        tracker: Of the run.
    """

    def __init__(self, tracker: Tracker) -> None:
        super().__init__()
        self.tracker = tracker

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Pass on what history.csv says."""
        self.tracker.tell_epochs()


@contextlib.contextmanager
def tracking(run: Run, name: str) -> Iterator[Tracker]:
    """Give the tracker of a run, and end its log with what became of the run.

    Args:
        run: Not finished yet.
        name: Key in `LOGGERS`, or none.
    """
    tracker = Tracker(run, name)
    try:
        yield tracker
    except BaseException:
        tracker.end(finished=False)
        raise
    tracker.end(finished=True)
