"""Models of timm and Transformers that KerasHub converts: tensors and plain numbers, no code."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import say_fault, say_value
from keras_transfer.models.hub.preset_configs import CONFIG, read_json
from keras_transfer.models.hub.preset_sources import PresetSource, require_file
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import is_installed

SAFETENSORS = "model.safetensors"
PREPROCESSOR = "preprocessor_config.json"  # of Transformers
WORDS: Mapping[str, str] = {"architecture": "timm", "model_type": "Transformers"}


def name_format(config: Mapping[str, Any]) -> str:
    """Return whose configuration this is; "" if it is neither of timm nor of Transformers."""
    if "registered_name" in config:
        return ""
    return next((name for word, name in WORDS.items() if isinstance(config.get(word), str)), "")


def describe_converted(origin: PresetSource, kind: str, option: str) -> tuple[str, dict[str, Any]]:
    """Return the class of the network that KerasHub makes of a repository, and its configuration.

    KerasHub must have been imported. No tensors are read.

    Args:
        origin: Where it is.
        kind: What `name_format` returned.
        option: What the user gave it by, for messages.

    Raises:
        ConfigError: KerasHub does not know the network, or what reads tensors is missing.
    """
    if not is_installed("safetensors"):
        raise ConfigError(
            f"`{option}` needs safetensors for models of {kind}. Received: no such package. "
            "Run: pip install 'keras_transfer[hub]'"
        )
    folder = require_file(origin, CONFIG).parent
    stated = read_json(folder / CONFIG)
    activation = stated.get("hidden_act", stated.get("activation"))
    if "vocab_size" in stated and not str(activation or "gelu").startswith("gelu"):
        raise ConfigError(  # KerasHub would build another network, and say nothing
            f"`{option}` must be an encoder of texts with the activation gelu. Received: "
            f"{say_value(origin.address)}, with {say_value(activation)}. Choose another model."
        )
    try:
        family, config = _build_once(folder, (folder / CONFIG).read_bytes())
        return family, dict(config)
    except Exception as error:  # KerasHub raises anything on configurations of others
        raise ConfigError(
            f"`{option}` must be a network that KerasHub converts. Received: "
            f"{say_value(origin.address)}, in the format of {kind}: {say_fault(error)} Choose "
            "another model, or a preset of KerasHub."
        ) from error


@functools.lru_cache(maxsize=4)
def _build_once(folder: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    """Build the network of a configuration for what it is called: seconds, of which a run has one.

    Args:
        folder: Holds the configuration.
        content: The configuration, which may have been written anew.
    """
    import keras_hub

    network = keras_hub.models.Backbone.from_preset(str(folder), load_weights=False)
    return type(network).__name__, network.get_config()


def make_converter(origin: PresetSource) -> Any:
    """Return what prepares images for a converted network, a `keras_hub.layers.ImageConverter`.

    Raises:
        ConfigError: The repository does not say how.
    """
    import keras_hub

    folder = require_file(origin, CONFIG).parent
    found = keras_hub.layers.ImageConverter.from_preset(str(folder))
    file = origin.fetch(PREPROCESSOR)
    if found is not None or file is None:
        if found is None:
            raise ConfigError(_say_lack(origin, f"no {PREPROCESSOR}"))
        return found
    try:
        said = read_json(file)
        deviations = [float(each) for each in said["image_std"]]
        means = [float(each) for each in said["image_mean"]]
        return keras_hub.layers.ImageConverter(
            image_size=_read_size(said),
            scale=[float(said.get("rescale_factor", 1 / 255)) / each for each in deviations],
            offset=[-mean / each for mean, each in zip(means, deviations, strict=True)],
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ConfigError(_say_lack(origin, f"{PREPROCESSOR}: {say_fault(error)}")) from error


def _read_size(said: Mapping[str, Any]) -> tuple[int, int]:
    size = said.get("crop_size") or said["size"]
    if isinstance(size, Mapping):
        size = size.get("height") or size["shortest_edge"]
    return int(size), int(size)


def _say_lack(origin: PresetSource, received: str) -> str:
    return (
        f"A model must say how its pixels are scaled. Received: {origin.address}, with {received}. "
        "Choose another model, or a preset of KerasHub."
    )
