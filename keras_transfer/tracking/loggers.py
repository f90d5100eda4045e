"""The table of loggers: what `--logger` may name, and what each of them needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.system.packages import require_package
from keras_transfer.tracking.csv_logger import open_csv
from keras_transfer.tracking.mlflow_logger import open_mlflow
from keras_transfer.tracking.tensorboard_logger import open_tensorboard
from keras_transfer.tracking.tracked_run import TrackedRun
from keras_transfer.tracking.wandb_logger import open_wandb


class Log(Protocol):
    """The log of one run. Whatever a method raises ends the logging, and never the training."""

    id: str
    """What the store calls the run, by which a resumed run goes on with it; "" if by nothing."""
    place: str
    """Where it is seen, in words for the user."""

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Note the resolved settings by their dotted names; again where the run is resumed."""

    def log_epoch(self, step: int, phase: str, values: Mapping[str, float]) -> None:
        """Note an epoch; steps are counted from 1 through all phases."""

    def log_results(
        self, results: Mapping[str, float], figures: Sequence[Path], files: Sequence[Path]
    ) -> None:
        """Note the final metrics, the figures, and files, of which the first is the model."""

    def close(self, finished: bool) -> None:
        """End the log; a run that is not finished may be gone on with."""


@dataclass(frozen=True, kw_only=True)
class Logger:
    """A row of `LOGGERS`."""

    open: Callable[[TrackedRun], Log]
    """Begins the log of a run, or goes on with that of its id."""
    package: str = ""
    """What must be installed; "": nothing. The extra of this program has the logger's name."""


LOGGERS: dict[str, Logger] = {
    "csv": Logger(open=open_csv),
    "tensorboard": Logger(open=open_tensorboard, package="tensorboard"),
    "mlflow": Logger(open=open_mlflow, package="mlflow"),
    "wandb": Logger(open=open_wandb, package="wandb"),
}


def check_logger(config: TrainConfig) -> None:
    """Raise `ConfigError` unless the package that `config.logger` needs is installed."""
    logger = LOGGERS.get(config.logger)
    if logger and logger.package:
        require_package(f"--logger {config.logger}", logger.package, config.logger)
