"""Whether all that a model's file names is Keras' own: Keras builds it, and so might run it."""

import functools
import importlib
from collections.abc import Mapping
from typing import Any

import keras

# Layers that are made to run what a file or another program holds, or to read other files.
REACHING = (
    *("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
    *("StringLookup", "IntegerLookup", "TextVectorization"),
)
# What stands for a value in a configuration, and builds no object.
VALUES = (
    *("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__"),
    *("__ellipsis__", "__slice__", "__tuple__"),
)
HOLDERS = ("layers", "initializers", "regularizers", "constraints", "dtype_policies", "models")
PLAIN = (
    keras.Operation,  # of which layers and models are
    keras.initializers.Initializer,
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.dtype_policies.DTypePolicy,
)


def list_foreign(config: Any) -> list[str]:
    """Return what a model's configuration names that is no plain part of Keras.

    Args:
        config: As `config.json` of a .keras file, or an .h5 file, has it. What its model was
            compiled with is not looked at, as nothing of it is built.
    """
    odd, waiting = list[str](), [drop_compilation(config)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and "class_name" in part and not _is_plain(part):
            odd.append(_say(part))
        elif isinstance(part, dict | list):
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return list(dict.fromkeys(reversed(odd)))


def drop_compilation(config: Any) -> Any:
    """Return a configuration without what models in it, nested ones too, were compiled with."""
    if isinstance(config, list):
        return [drop_compilation(each) for each in config]
    if not isinstance(config, dict):
        return config
    return {key: drop_compilation(each) for key, each in config.items() if key != "compile_config"}


def _is_plain(part: Mapping[str, Any]) -> bool:
    name, module, registered = map(part.get, ("class_name", "module", "registered_name"))
    if name in VALUES:
        return True
    if name == "function":  # its name, looked up among the activations
        name = part.get("config")
        return isinstance(name, str) and _is_activation(name)
    found = _find(name, module)
    return (
        found is not None
        and name not in REACHING
        and registered in (None, name)
        and keras.saving.get_registered_object(str(name)) is None  # it would be taken instead
    )


def _is_activation(name: str) -> bool:
    known = getattr(keras.activations, name, None)
    return callable(known) and keras.saving.get_registered_object(name) is None


def _find(name: Any, module: Any) -> type | None:
    """Return the class that Keras finds under a name; None: it is none of `PLAIN`."""
    if not isinstance(name, str) or not isinstance(module, str | None):
        return None
    if module is not None and module.partition(".")[0] != "keras":
        return None
    places: list[Any] = [getattr(keras, holder) for holder in HOLDERS]
    if name == "Functional":
        return keras.Model
    if module:
        try:
            place = functools.reduce(getattr, module.split(".")[1:], keras)
            places = [place, *places]
        except AttributeError:
            if module.startswith("keras.src."):  # of Keras, and imported for nothing else
                places = [*_import(module), *places]
    found = (getattr(place, name, None) for place in places)
    return next((c for c in found if isinstance(c, type) and issubclass(c, PLAIN)), None)


def _import(module: str) -> list[Any]:
    try:
        return [importlib.import_module(module)]
    except Exception:  # of another Keras, or of a backend that is not there
        return []


def _say(part: Mapping[str, Any]) -> str:
    name = part.get("registered_name") or part.get("class_name")
    if part.get("class_name") == "function":
        name = f"function {part.get('config')}"
    settings = part.get("config")
    called = settings.get("name") if isinstance(settings, dict) else None
    return f"{name} {called!r}" if called else str(name)
