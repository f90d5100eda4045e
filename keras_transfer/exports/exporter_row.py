"""What a row of `EXPORTERS` holds, and what its writer is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer.exports.usage import Usage

if TYPE_CHECKING:
    import keras

FAILED = ".failed"  # what the name of a file ends in that did not keep to its limits


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What every file is made of."""

    model: "keras.Model"
    """The float32 classifier."""
    saved_model: Path
    """The same as a SavedModel, the folder of saved_model.pb."""
    usage: Usage
    """Its class names, and how images become squares or texts token ids."""
    sample: Callable[[], Sequence[np.ndarray]]
    """To some training examples as the model takes them, for int8: pixels (n, size, size, 3), or
    rows of token ids."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far a file's answers may be from the model's; None: any way."""

    difference: float | None = None
    """Largest difference of any probability."""
    agreement: float | None = None
    """Least share with the same first class, of the examples where rounding alone cannot change it
    (`parity_table.CLEAR`)."""
    loss: float | None = None
    """Largest loss of accuracy, as a share: 0.02 is two points."""


EXACT = Limits(difference=1e-4, agreement=1.0)  # of files that compute in float32, as the model


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One kind of file."""

    file: str
    """Its name in the run's `exports`."""
    write: Callable[[Source, Path], object]
    """Writes it to a path; imports what it needs when it is called."""
    limits: Limits
    """What it must keep to, or its name ends in `FAILED`."""
    packages: tuple[str, ...] = ()
    """Packages that it needs of the extra that is called like its format."""
