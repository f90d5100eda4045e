"""The header of predictions.csv, which names the classes of its run."""

from collections.abc import Collection, Sequence

from keras_transfer.config.messages import name_some
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten


def prediction_columns(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the header of predictions.csv: four columns of text, then a probability per class."""
    return (
        "path",
        "split",
        "truth",
        "prediction",
        *(f"probability_{name}" for name in class_names),
    )


def require_columns(found: Collection[str], class_names: Sequence[str]) -> None:
    """Refuse a header that is not that of a run with these classes in this order.

    Raises:
        ConfigError: A column is missing or too many, or the classes stand in another order.
    """
    columns = prediction_columns(class_names)
    if tuple(found) != columns:
        odd = [shorten(name, 60) for name in sorted({*columns} ^ {*found})]
        differ = f"differ in {name_some(odd)}" if odd else "stand in another order"
        raise ConfigError(
            f"predictions.csv must have the columns {name_some(columns)}. Received: "
            f"{len(found)} columns, which {differ}. Use the class_names.txt of its own run."
        )
