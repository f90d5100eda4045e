"""What a preset's JSON files say, of classes of KerasHub only: they are data of strangers.

Keras builds whatever class a file names, so each is looked at before anything is built.
"""

import json
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import say_value
from keras_transfer.system.errors import ConfigError

CONFIG = "config.json"
IMAGE_CONVERTER = "image_converter.json"
TOKENIZER = "tokenizer.json"
# every file of a preset that Keras could build something of
BUILT = (CONFIG, "task.json", "preprocessor.json", IMAGE_CONVERTER, TOKENIZER)
MOST_BYTES = 10**7
PACKAGES = ("keras_hub", "keras_nlp")  # the latter is KerasHub's name of before
LED_TO = ("vocabulary", "merges", "proto")  # files that a tokenizer would open, wherever they lie


def read_json(file: Path) -> dict[str, Any]:
    """Return what is in a preset's file.

    Raises:
        ConfigError: It is no JSON object, or one of more than ten million bytes.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"{file.stat().st_size:,} bytes")
        content = json.loads(file.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"JSON of another kind, {type(content).__name__}")
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"A preset's file must be a JSON object. Received: {file}, damaged: {error}. "
            "Save the preset anew with save_to_preset."
        ) from error
    return content


def read_safe(file: Path) -> dict[str, Any]:
    """Return the configuration in a preset's file, once every class in it is KerasHub's own.

    KerasHub must have been imported.

    Raises:
        ConfigError: It is damaged, in another format, or names what may run the code of others or
            read other files.
    """
    content = read_json(file)
    if "registered_name" not in content or not isinstance(content.get("config"), dict):
        raise ConfigError(
            "A preset must be in the format of KerasHub, timm or Transformers. Received: "
            f"{file}, in that of another program. Save it by KerasHub's save_to_preset."
        )
    _check_classes(content, file)
    return content


def _check_classes(content: Any, file: Path) -> None:
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.values())
            if "class_name" in part and not _is_harmless(part):
                named = [part.get("module"), part.get("registered_name") or part["class_name"]]
                raise ConfigError(
                    "A preset must name classes of KerasHub alone, as others may run any code. "
                    f"Received: {file}, with {say_value(' '.join(map(str, named)))}. "
                    "Use another preset."
                )
            if led := [word for word in LED_TO if part.get(word) is not None]:
                raise ConfigError(
                    "A preset's tokenizer must have its words in the preset's folder. Received: "
                    f"{file}, with `{led[0]}` {say_value(part[led[0]])}. Use another preset."
                )


def _is_harmless(part: dict[str, Any]) -> bool:
    """Tell whether what Keras would make of a part of a configuration is KerasHub's own."""
    module, registered, name = map(part.get, ("module", "registered_name", "class_name"))
    if name == "function":  # its name, looked up in the same tables
        module, registered = "keras_hub", part.get("config")
    if not isinstance(module, str) or not isinstance(name, str):
        return False
    if module.partition(".")[0] in PACKAGES:
        return is_hub_class(registered)
    return module.partition(".")[0] == "keras" and _is_plain(module, name, registered)


def is_hub_class(registered: Any) -> bool:
    """Tell whether a name is one that KerasHub registered with Keras; a user's class is not."""
    import keras

    if not isinstance(registered, str) or registered.partition(">")[0] not in PACKAGES:
        return False
    found = keras.saving.get_registered_object(registered)
    return getattr(found, "__module__", "").startswith("keras_hub.")


def _is_plain(module: str, name: str, registered: Any) -> bool:
    """Tell whether a class of Keras only says something of numbers: no layer, no network."""
    import keras

    holders = {
        "keras": keras.dtype_policies,
        "keras.dtype_policies": keras.dtype_policies,
        "keras.initializers": keras.initializers,
        "keras.regularizers": keras.regularizers,
    }
    found = getattr(holders.get(module), name, None)
    plain = (
        keras.dtype_policies.DTypePolicy,
        keras.initializers.Initializer,
        keras.regularizers.Regularizer,
    )
    # what has been registered under that name would be taken instead
    return (
        registered in (None, name)
        and keras.saving.get_registered_object(registered or name) is None
        and isinstance(found, type)
        and issubclass(found, plain)
    )
