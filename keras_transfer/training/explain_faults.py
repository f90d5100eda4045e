"""What can go wrong in the middle of a training, in words that say what to do."""

import contextlib
import errno
import os
from collections.abc import Iterator

import tensorflow as tf

from keras_transfer.data.same_files.lost_examples import explain_lost, find_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import DISK_ERRORS


@contextlib.contextmanager
def explain_faults(data: TrainingData, run: Run) -> Iterator[None]:
    """Say what to do where a batch does not fit into memory, or images vanish.

    Raises:
        ConfigError: One of both; the message names half the batch size, or images.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        full = os.strerror(errno.ENOSPC)
        if full in str(error):  # TensorFlow calls that so, too
            raise OSError(errno.ENOSPC, full) from error
        half = max(1, data.batch_size // 2)
        raise ConfigError(
            f"A batch must fit into memory. Received: {data.batch_words}. Try a new run with "
            f"--batch_size {half}."
        ) from error
    except (tf.errors.OpError, OSError) as error:
        if data.fault is not None:  # with the traceback of the user's own code
            raise data.fault from None
        disk = isinstance(error, OSError) and error.errno in DISK_ERRORS
        if disk or not run.split_file.exists() or not (lost := find_lost(data, run)):
            raise
        raise explain_lost(lost, data.root) from error
