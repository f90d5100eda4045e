"""How settings are checked."""

import contextlib
import math
import numbers
import os
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from keras_transfer.config.messages import say_value
from keras_transfer.system.errors import ConfigError

MOST = 10**6  # epochs, views, batches …: beyond it a number is a slip of the keyboard
FASTEST = 100.0  # learning rate

# How error messages call the types of settings.
KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
}


def require(holds: bool, option: str, must: str, received: Any) -> None:
    """Raise a `ConfigError` that names the option unless `holds`."""
    if not holds:
        raise ConfigError(f"`{option}` must be {must}. Received: {say_value(received)}.")


def is_count(value: Any, least: int = 1, most: int = MOST) -> bool:
    """Return whether `value` is a whole number from `least` to `most`; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def check_types(section: Any, prefix: str) -> None:
    """Check the type of every field, since a dataclass takes any value from Python code.

    NumPy's numbers become plain ones, which YAML can hold, and text becomes a `Path` where one is
    meant. Fields of several kinds have a check of their own.
    """
    for name, hint in get_type_hints(type(section)).items():
        option = f"{prefix}.{name}" if prefix else name
        kinds = get_args(hint) or (hint,)
        value = getattr(section, name)
        if get_origin(hint) is Literal:
            fits = isinstance(value, str) and value in kinds
            require(fits, option, "one of " + ", ".join(kinds), value)
            continue
        value = _to_plain(value, kinds)
        names = [KINDS.get(kind, f"a {kind.__name__}") for kind in kinds if kind is not NoneType]
        plain = tuple(get_origin(kind) or kind for kind in kinds)
        fits = isinstance(value, plain) and (bool in kinds or not isinstance(value, bool))
        require(fits or len(names) > 1, option, names[0], value)
        require(value != "", option, "at least one letter long", value)
        require("\0" not in str(value), option, "text without zero bytes", value)
        require(not isinstance(value, float) or math.isfinite(value), option, "finite", value)
        object.__setattr__(section, name, value)


def _to_plain(value: Any, kinds: tuple[type, ...]) -> Any:
    """Return `value` as the type among `kinds` that says the same, if there is one."""
    if type(value) in kinds:
        return value
    if isinstance(value, str | os.PathLike):
        return Path(value) if Path in kinds else str(value) if str in kinds else value
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int in kinds:
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and float in kinds:
        with contextlib.suppress(OverflowError):  # a whole number of 400 digits is none
            return float(value)
    return value


def check_phase(phase: Any, prefix: str) -> None:
    """Check `epochs` and `learning_rate` of the section of a phase."""
    epochs, rate = phase.epochs, phase.learning_rate
    fits = is_count(epochs, 0) or epochs == "auto"
    require(fits, f"{prefix}.epochs", f"a whole number from 0 to {MOST:,}, or 'auto'", epochs)
    fits = rate == "auto" or (isinstance(rate, float) and 0 < rate <= FASTEST)
    must = f"a number above 0, at most {FASTEST:g}, or 'auto'"
    require(fits, f"{prefix}.learning_rate", must, rate)
