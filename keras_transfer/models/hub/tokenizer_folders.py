"""Folders of tokenizers in the user's cache, as KerasHub opens them."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.hub.hub_presets import Preset, open_preset
from keras_transfer.models.hub.preset_configs import CONFIG, TOKENIZER
from keras_transfer.models.hub.text_presets import require_same_tokens
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.models.weights.weights_package import locate_preset
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.user_folders import cache_roots


def find_tokenizer(row: Backbone, weights: Weights | None = None) -> Path:
    """Return the folder of a text encoder's tokenizer.

    It is in the cache, named after what is in it: `tokenizer.json` and `assets/tokenizer/`, as
    `save_to_preset` writes them, and `config.json`, without which `from_preset` opens none.

    Args:
        row: A row that takes texts.
        weights: What `find_weights` returned for it; where they come with a tokenizer, it is that.

    Raises:
        ConfigError: The tokenizer cannot be had, or the cache cannot be written.
    """
    preset = weights.preset if weights and weights.preset else locate_preset(row)
    found = open_preset(preset.name, f"--backbone hub:{preset.name}")
    tokenizer = found.load_tokenizer()
    require_same_tokens(preset, tokenizer)
    return _keep(tokenizer, found)


def _keep(tokenizer: Any, preset: Preset) -> Path:
    root = cache_roots()[-1] / "tokenizers"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as place:
            made = Path(place) / "tokenizer"
            made.mkdir()
            _write(tokenizer, preset, made)
            folder = root / _hash_folder(made)[:16]
            try:
                os.rename(made, folder)
            except OSError:
                if not (folder / TOKENIZER).is_file():  # else it is there already
                    raise
            return folder
    except OSError as error:
        raise ConfigError(
            f"A tokenizer must be kept in the cache. Received: {error}. Set the environment "
            "variable KERAS_TRANSFER_CACHE to a folder of yours."
        ) from error


def _write(tokenizer: Any, preset: Preset, folder: Path) -> None:
    """Write a tokenizer as `save_to_preset` does, and the same files every time."""
    import keras_hub

    tokenizer.save_to_preset(str(folder))
    file = folder / TOKENIZER
    said = json.loads(file.read_text("utf-8"))
    said["config"]["name"] = "tokenizer"  # Keras counts them
    file.write_text(json.dumps(said, indent=4), "utf-8")
    backbone = getattr(keras_hub.models, preset.backbone)
    network = {
        "module": backbone.__module__,
        "class_name": preset.backbone,
        "config": {},
        "registered_name": f"keras_hub>{preset.backbone}",
    }
    (folder / CONFIG).write_text(json.dumps(network, indent=4), "utf-8")


def _hash_folder(folder: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        found.update(f"{file.relative_to(folder)}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
