"""Load TensorFlow and Keras once, late, without start-up lines, whatever ~/.keras says."""

import contextlib
import importlib.abc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from typing import Any

from keras_transfer.system.errors import ConfigError

# What Keras imports where it is there, for parts that no command asks it for: 0.9 of 2.6 seconds.
UNASKED = ("IPython", "matplotlib", "pandas", "sklearn")

logger = logging.getLogger(__name__)

_spared: tuple[str, ...] = ()


def spare_unasked() -> None:
    """Have Keras do without `UNASKED` in this process: for commands, where no other code runs."""
    global _spared
    _spared = UNASKED


def import_tensorflow() -> None:
    """Import TensorFlow and Keras, quietly.

    Raises:
        ConfigError: The environment tells Keras to use another library.
    """
    require_backend()
    import_keras()
    if "tensorflow" not in sys.modules:
        with hushed():
            import tensorflow  # noqa: F401


def require_backend() -> None:
    """Choose Keras' library, or ~/.keras would.

    Raises:
        ConfigError: The environment names another one.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise ConfigError(f"`KERAS_BACKEND` must be tensorflow. Received: {backend!r}. Unset it.")


def import_keras() -> None:
    """Import Keras, quietly, and set aside what keras.json says of numbers and axes.

    Raises:
        ConfigError: Keras refuses its keras.json.
    """
    home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    try:
        if "keras" not in sys.modules:
            with hushed(), _sparing():
                import keras
    except (ValueError, AttributeError, TypeError, IsADirectoryError, PermissionError) as error:
        raise ConfigError(
            f"{os.path.join(home, 'keras.json')} must be as Keras wrote it. Received: {error}. "
            "Remove that file."
        ) from error
    import keras

    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    _lift_limits()


def _lift_limits() -> None:
    """Undo the limits by which Keras ends each `fit` early: no settings would say so."""
    import keras

    if keras.config.max_epochs() is None and keras.config.max_steps_per_epoch() is None:
        return
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    logger.warning(
        "KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH are not heeded: --epochs says how long a "
        "training lasts"
    )


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Hold back what is written to standard error; show it only if something unclear is raised.

    TensorFlow's C++ part writes there before any log level is read, so the file descriptor is
    replaced.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    former = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except (ConfigError, KeyboardInterrupt):  # they say all
            raise
        except BaseException:
            written.seek(0)
            os.write(former, written.read())
            raise
        finally:
            os.dup2(former, 2)
            os.close(former)


@contextlib.contextmanager
def _sparing() -> Iterator[None]:
    """Have imports of what is to be spared fail; later ones find it as ever."""
    finder = _Spared()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Spared(importlib.abc.MetaPathFinder):
    """Finds nothing, but says of some packages that they are not there."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Raise ModuleNotFoundError for a package that is to be spared."""
        if fullname.partition(".")[0] in _spared:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None
