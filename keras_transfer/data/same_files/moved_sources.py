"""Data sets that are not where they were when a run was made of them."""

from keras_transfer.data.modality import Modality
from keras_transfer.run.run_directory import MOVED
from keras_transfer.system.errors import ConfigError


def check_source(modality: Modality, source: str, of_run: bool) -> None:
    """Look whether a data set is there.

    Args:
        modality: Of its examples.
        source: As `--dataset` takes it.
        of_run: Whether a run was made from it, so that it may have moved.

    Raises:
        ConfigError: There is no such data set.
    """
    try:
        modality.check_source(source)
    except ConfigError as error:
        raise (ConfigError(f"{error} {MOVED}") if of_run else error) from error
