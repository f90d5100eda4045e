"""model.keras: a file that older Keras opens too, and that says how examples are prepared for it.

Only Keras writes and reads the model. What is added stands in metadata.json, which no Keras reads,
so `keras.models.load_model` opens the file where this package is not installed.
"""

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.system.files.atomic_files import replacing

if TYPE_CHECKING:
    import keras

OLDEST_KERAS = "3.4"  # the first that opens such a file; tests/models/test_model_file.py runs it
CONFIG, METADATA = "config.json", "metadata.json"  # names that Keras gives
NOTES = "keras_transfer"  # our entry in metadata.json

# What a Keras before the named one refuses to read, and each default, which says nothing.
NEWER_KEYS: Mapping[str, Any] = {
    "input_axes": None,  # 3.15, initializers
    "output_axes": None,
    "renorm": False,  # 3.14, BatchNormalization
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
    "quantization_config": None,  # 3.13, Dense
    "use_gate": False,  # after 3.11, MultiHeadAttention
    "sliding_window": None,
}
# The same for keys that other classes have always had.
NEWER_KEYS_OF: Mapping[str, Mapping[str, Any]] = {
    "ZeroPadding1D": {"data_format": "channels_last"},
}
OPERATIONS = "keras.src.ops."  # take no name before 3.11; it stands beside their config too


def write_model(model: "keras.Model", file: Path, notes: Mapping[str, Any]) -> None:
    """Write a model whole or not at all, so that Keras from `OLDEST_KERAS` on opens it.

    Args:
        model: A classifier, not compiled.
        file: Ends in `.keras`.
        notes: What `read_notes` shall return: plain values, as JSON has them.
    """
    with replacing(file) as written:
        newest = written.with_name(f"{written.stem}-newest.keras")
        try:
            model.save(newest)
            _copy_archive(newest, written, notes)
        finally:
            newest.unlink(missing_ok=True)


def read_notes(file: Path) -> dict[str, Any]:
    """Return what `write_model` was told; nothing of a file that Keras alone has written."""
    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read(METADATA)) if METADATA in archive.namelist() else {}
    notes = said.get(NOTES) if isinstance(said, dict) else None
    return notes if isinstance(notes, dict) else {}


def drop_newer_keys(node: Any) -> Any:
    """Return a model's config.json without the keys at their defaults that older Keras refuses."""
    if isinstance(node, list):
        return [drop_newer_keys(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: drop_newer_keys(value) for name, value in node.items()}
    if "class_name" in kept and isinstance(kept.get("config"), dict):
        settings = kept["config"]
        newer = {**NEWER_KEYS, **NEWER_KEYS_OF.get(kept["class_name"], {})}
        for name, default in newer.items():
            if name in settings and settings[name] == default:
                del settings[name]
        operation = str(kept.get("module")).startswith(OPERATIONS)
        if operation and settings.get("name") == kept.get("name"):
            settings.pop("name", None)
    return kept


def _copy_archive(source: Path, target: Path, notes: Mapping[str, Any]) -> None:
    """Copy the archive that Keras wrote; the weights are not touched."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            if member.filename == CONFIG:
                new.writestr(member, json.dumps(drop_newer_keys(json.loads(old.read(member)))))
            elif member.filename == METADATA:
                new.writestr(member, json.dumps(json.loads(old.read(member)) | {NOTES: notes}))
            else:
                with old.open(member) as content, new.open(member, "w") as copy:
                    shutil.copyfileobj(content, copy, 1 << 20)
