"""What can be exported: the table of the kinds of files, and the choice among them.

A kind's writer and its limits stand in the file of its format.
"""

import importlib.util
from collections.abc import Mapping, Sequence

from keras_transfer.config.lookup import lookup
from keras_transfer.exports.exporter_row import Exporter
from keras_transfer.exports.onnx import ONNX
from keras_transfer.exports.saved_model import SAVED_MODEL
from keras_transfer.exports.tflite import TFLITE
from keras_transfer.system.errors import ConfigError

# format -> kind -> exporter; only TFLite files are of several kinds
EXPORTERS: dict[str, Mapping[str, Exporter]] = {
    "saved_model": {"": SAVED_MODEL},
    "tflite": TFLITE,
    "onnx": {"": ONNX},
}

FORMATS = ("saved_model", "tflite")  # what is exported where nothing is said


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
    _check_names(formats, kinds or ())
    for name in formats:
        _check_packages(name)
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


def _check_names(formats: Sequence[str], kinds: Sequence[str]) -> None:
    """Refuse unknown names, and kinds of TFLite files where none is asked for."""
    for name in formats:
        lookup(EXPORTERS, "format", name)
    for kind in kinds:
        lookup(TFLITE, "kind of TFLite file", kind)
    if kinds and "tflite" not in formats:
        raise ConfigError(
            f"`formats` must hold tflite where kinds of it are chosen. Received: {', '.join(kinds)}"
            f" without it. Add it: --formats {' '.join(formats)} tflite"
        )


def _check_packages(name: str) -> None:
    """Refuse a format whose packages are not installed."""
    for row in EXPORTERS[name].values():
        missing = [package for package in row.packages if not importlib.util.find_spec(package)]
        if missing:
            raise ConfigError(
                f"The format {name} must have {', '.join(row.packages)} installed. Received: no "
                f"{' and no '.join(missing)}. Run: pip install 'keras_transfer[{name}]'"
            )
