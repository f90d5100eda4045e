"""A user's file of a network: found, looked at, and opened without running anything of it."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import name_some, say_fault
from keras_transfer.models.own_network.plain_classes import drop_compilation, list_foreign
from keras_transfer.models.precision import precision
from keras_transfer.models.weights.foreign_files import name_kind
from keras_transfer.models.weights.safe_hdf5 import require_own_numbers
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

SUFFIXES = (".keras", ".h5")
WEIGHTS_ONLY = ".weights.h5"
CONFIG = "config.json"
MOST_BYTES = 10**8  # of a configuration
SAVE = "Save it in Keras: model.save('NAME.keras')."


def find_network(place: str) -> Path:
    """Return the file of a network, which is there and looks like one.

    Args:
        place: What stands behind `file:`.

    Raises:
        ConfigError: It is not there, or is something else, and what to give in its place.
    """
    path = Path(place).expanduser()
    if path.is_file() and path.name.endswith(WEIGHTS_ONLY):
        raise refuse(path, "a file of weights, which holds no network", "Give it with --weights.")
    if Run(path).config_file.is_file():
        model = Run(path).model_file
        raise refuse(path, "a run directory", f"Give file:{model}, the model in it.")
    if not path.exists():
        folder = path.parent
        files = (
            [f.name for f in folder.glob("*") if f.suffix in SUFFIXES] if folder.is_dir() else []
        )
        close = suggest_close(path.name, files) or "Check the path."
        raise refuse(path, "which is not there", close, ", ")
    kind = name_kind(path)
    if kind or path.suffix not in SUFFIXES:
        raise refuse(path, kind or "a file of another kind", SAVE)
    return path


def holds_network(file: Path) -> bool:
    """Tell whether a file holds a network beside its weights."""
    if file.suffix == ".keras":
        return True
    if file.suffix != ".h5" or not h5py.is_hdf5(file):
        return False
    with h5py.File(file, "r") as stream:
        return "model_config" in stream.attrs


def open_network(file: Path) -> keras.Model:
    """Return the model of a file with its weights, not compiled; nothing in the file is run.

    Args:
        file: What `find_network` returned.

    Raises:
        ConfigError: It is damaged, holds other classes than Keras' own, or does not open here.
    """
    require_own_numbers(file)
    config = _read_config(file)
    if foreign := list_foreign(config):
        raise ConfigError(
            "`backbone` file:… must hold layers of Keras alone, as others may run any code. "
            f"Received: {file}, with {name_some(foreign)}. Put layers of Keras in their place, as "
            "Rescaling for a Lambda that scales, and save the model anew."
        )
    try:
        with precision("float32"):
            if file.suffix == ".h5":
                return keras.models.load_model(file, compile=False)
            model = keras.saving.deserialize_keras_object(drop_compilation(config), safe_mode=True)
            _load_values(model, file)
            return model
    except (ConfigError, MemoryError):
        raise
    except Exception as error:  # Keras raises anything here
        raise refuse(file, f"one that Keras cannot open: {say_fault(error)}", SAVE) from error


def refuse(file: Path, received: str, advice: str, between: str = ": ") -> ConfigError:
    """Return the error for a file that is no model."""
    return ConfigError(
        "`backbone` file:… must be a model that Keras saved whole, .keras or .h5. Received: "
        f"{file}{between}{received}. {advice}"
    )


def _read_config(file: Path) -> dict[str, Any]:
    try:
        if file.suffix == ".keras":
            with zipfile.ZipFile(file) as archive:
                if archive.getinfo(CONFIG).file_size > MOST_BYTES:
                    raise ValueError(f"{CONFIG} of more than {MOST_BYTES:,} bytes")
                config = json.loads(archive.read(CONFIG))
        else:
            with h5py.File(file, "r") as stream:
                if "model_config" not in stream.attrs:
                    reason = "a file of weights, which holds no network"
                    raise refuse(file, reason, "Give it with --weights.")
                config = json.loads(stream.attrs["model_config"])
    except ConfigError:
        raise
    except Exception as error:  # zipfile, h5py and json raise what they like on damaged files
        raise refuse(file, f"a damaged file: {say_fault(error)}", SAVE) from error
    if not isinstance(config, dict):
        raise refuse(file, f"a damaged file, whose {CONFIG} is no object", SAVE)
    return config


def _load_values(model: keras.Model, file: Path) -> None:
    """Fill a model through the files of weights in its archive."""
    with tempfile.TemporaryDirectory(prefix="keras_transfer-") as folder:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if "/" not in name and "\\" not in name]
            held = [archive.extract(name, folder) for name in names if name.startswith("model")]
        whole = [name for name in held if name.endswith((WEIGHTS_ONLY, "model.weights.json"))]
        model.load_weights(max(whole, key=lambda name: name.endswith(".json")))
