"""How far an export may differ from the model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an artefact must keep to; None: anything."""

    difference: float | None = None
    """Largest difference of any probability."""
    agreement: float | None = None
    """Least share of the clear images with the same first class."""
    loss: float | None = None
    """Largest loss of accuracy."""


EXACT = Limits(difference=1e-4, agreement=1.0)
ROUNDED = Limits(agreement=0.99)
