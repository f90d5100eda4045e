"""What an inspection finds in each example, whatever its modality, and how bad ones are named."""

from typing import Any, Protocol, Self

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.data.examples import Examples


class Findings(Protocol):
    """What was found in each of n examples, in their order."""

    @property
    def sha256(self) -> np.ndarray:
        """(n,) of str objects, hexadecimal digest of the content; "" where it could not be read."""

    @property
    def reasons(self) -> np.ndarray:
        """(n,) of str objects: "" where the example can be used, else why not."""

    @property
    def odd(self) -> np.ndarray:
        """(n,) of str objects: what is unusual about it, words joined by ", "."""

    @property
    def states(self) -> np.ndarray:
        """(n, 2) of int64, what `read_state` said of the files; those that are lost are `GONE`."""

    @property
    def usable(self) -> np.ndarray:
        """(n,) of bool."""

    def take(self, rows: np.ndarray) -> Self:
        """Return what was found in these rows."""

    def measure(self) -> dict[str, Any]:
        """Return what data_report.json says of the usable examples beside their number."""


def name_unusable(examples: Examples, findings: Findings, rows: np.ndarray) -> str:
    """Return the first of these rows' paths, with the reason why they cannot be used."""
    return name_some([f"{examples.paths[row]} ({findings.reasons[row]})" for row in rows], "; ")


def say_unusable(count: int, noun: str) -> str:
    """Return how many cannot be used: "1 unreadable file is", "2 unusable texts are"."""
    what = "unusable text" if noun == "text" else "unreadable file"
    return count_of(count, f"{what} is", f"{what}s are")
