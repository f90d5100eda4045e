"""The files of a preset's weights: one, or several and a list of them; they must be whole."""

import hashlib
import re
from pathlib import Path

import h5py  # type: ignore[import-untyped]

from keras_transfer.config.messages import say_fault, say_value
from keras_transfer.models.hub.converted_presets import SAFETENSORS
from keras_transfer.models.hub.preset_configs import read_json
from keras_transfer.models.hub.preset_sources import PresetSource, require_file
from keras_transfer.models.weights.safe_hdf5 import require_own_numbers
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file

WEIGHTS, SHARDS = "model.weights.h5", "model.weights.json"
KEPT = (WEIGHTS, SAFETENSORS)  # whose numbers are in one file


def find_weights(origin: PresetSource) -> list[Path]:
    """Return the files of weights of a preset, downloaded if need be, and looked at.

    Raises:
        ConfigError: It has none, they cannot be had, or one is damaged or leads to other files.
    """
    single = next(filter(None, map(origin.fetch, KEPT)), None)
    if single is None and (listed := origin.fetch(SHARDS)):
        files = [listed, *(require_file(origin, name) for name in _name_shards(listed))]
    else:
        files = [single or require_file(origin, WEIGHTS)]
    for file in files:
        if file.suffix == ".h5":
            _check_numbers(file)
    return files


def hash_kept(origin: PresetSource) -> str | None:
    """Return the SHA-256 of a preset's weights if they are on this machine.

    Of several files it is that of their own hashes.

    Raises:
        ConfigError: One is damaged or leads to other files.
    """
    single = next(filter(origin.kept, KEPT), None)
    listed = None if single else origin.kept(SHARDS)
    names = _name_shards(listed) if listed else [single or WEIGHTS]
    if not all(map(origin.kept, names)):
        return None
    hashes = [hash_file(file) for file in find_weights(origin)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _name_shards(listed: Path) -> list[str]:
    content = read_json(listed).get("weight_map")
    values = content.values() if isinstance(content, dict) else ()
    names = {name for value in values for name in (value if isinstance(value, list) else [value])}
    odd = [n for n in names if not re.fullmatch(r"[\w.-]+\.weights\.h5", str(n))]
    if odd or not names:
        raise ConfigError(
            "A preset must have its weights in files of its own folder. Received: "
            f"{listed}, with {say_value(odd[0]) if odd else 'no files'}. Use another preset."
        )
    return sorted(names)


def _check_numbers(file: Path) -> None:
    try:
        with h5py.File(file, "r"):
            pass
    except OSError as error:
        raise ConfigError(
            f"A preset's weights must be a whole HDF5 file. Received: {file}: {say_fault(error)}. "
            "Save or download the preset anew."
        ) from error
    require_own_numbers(file)
