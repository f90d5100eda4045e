"""What can be exported: one row per kind of file, with its writer and how far it may differ."""

import importlib.util
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer.config.lookup import lookup
from keras_transfer.exports.usage import Usage
from keras_transfer.system.errors import ConfigError

if TYPE_CHECKING:
    import keras
from keras_transfer.exports.limits import EXACT, ROUNDED, Limits

ONNX_PACKAGES = ("onnx", "tf2onnx", "onnxruntime")


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What every file is made of."""

    model: "keras.Model"
    """The float32 classifier."""
    saved_model: Path
    """The same as a SavedModel."""
    usage: Usage
    """Its class names, and how images become squares."""
    sample: Callable[[], np.ndarray]
    """To pixels (n, size, size, 3), uint8, of training images, for int8."""


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One kind of file."""

    file: str
    """Its name in the run's `exports`."""
    write: Callable[[Source, Path], object]
    """Writes it to a path."""
    limits: Limits
    """How far it may differ from the model."""


def _copy_saved_model(source: Source, folder: Path) -> None:
    shutil.copytree(source.saved_model, folder / "1")  # TensorFlow Serving wants a version


def _write_tflite(kind: str, source: Source, file: Path) -> None:
    from keras_transfer.exports.tflite import write_tflite

    write_tflite(kind, source.saved_model, source.usage, source.sample, file)


def _write_onnx(source: Source, file: Path) -> None:
    from keras_transfer.exports.onnx import write_onnx

    write_onnx(source.model, source.usage, file)


def _make_tflite(kind: str, file: str, limits: Limits) -> Exporter:
    return Exporter(file=file, write=partial(_write_tflite, kind), limits=limits)


TFLITE = {
    "float32": _make_tflite("float32", "model.tflite", EXACT),
    "float16": _make_tflite("float16", "model.float16.tflite", ROUNDED),
    "dynamic_int8": _make_tflite("dynamic_int8", "model.dynamic_int8.tflite", ROUNDED),
    # half of the classes: rounding moves many weak answers, but a mistake would move nearly all
    "int8": _make_tflite("int8", "model.int8.tflite", Limits(agreement=0.5, loss=0.02)),
}
# format -> kind -> exporter; only TFLite files are of several kinds
EXPORTERS: dict[str, Mapping[str, Exporter]] = {
    "saved_model": {"": Exporter(file="saved_model", write=_copy_saved_model, limits=EXACT)},
    "tflite": TFLITE,
    "onnx": {"": Exporter(file="model.onnx", write=_write_onnx, limits=EXACT)},
}


def choose_exporters(
    formats: str | Sequence[str], tflite: str | Sequence[str] | None = None
) -> list[Exporter]:
    """Return the exporters asked for, each once, in the order of the table.

    Args:
        formats: Keys of `EXPORTERS`, one or several.
        tflite: Keys of `TFLITE`, one or several. None: float32.

    Raises:
        ConfigError: A name is unknown (close ones are listed), nothing is chosen, or a package is
            missing.
    """
    formats = [formats] if isinstance(formats, str) else formats
    kinds = [tflite] if isinstance(tflite, str) else tflite
    for name in formats:
        lookup(EXPORTERS, "format", name)
    for kind in kinds or ():
        lookup(TFLITE, "kind of TFLite file", kind)
    if kinds and "tflite" not in formats:
        raise ConfigError(
            f"`formats` must hold tflite where kinds of it are chosen. Received: {', '.join(kinds)}"
            f" without it. Add it: --formats {' '.join(formats)} tflite"
        )
    missing = [name for name in ONNX_PACKAGES if not importlib.util.find_spec(name)]
    if "onnx" in formats and missing:
        raise ConfigError(
            f"The format onnx must have {', '.join(ONNX_PACKAGES)} installed. Received: no "
            f"{' and no '.join(missing)}. Run: pip install 'keras_transfer[onnx]'"
        )
    kinds = ["float32"] if kinds is None else kinds
    chosen = [
        exporter
        for name, table in EXPORTERS.items()
        for kind, exporter in table.items()
        if name in formats and (name != "tflite" or kind in kinds)
    ]
    if not chosen:
        raise ConfigError(
            f"`formats` must hold at least one of {', '.join(EXPORTERS)}, and `tflite` one of "
            f"{', '.join(TFLITE)}. Received: none."
        )
    return chosen
