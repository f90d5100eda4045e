"""`--assert_accuracy_at_least`: an exit code for scripts that must not go on with a bad model."""

import argparse
import contextlib
import sys
from collections.abc import Mapping

from keras_transfer.system.terminal.visible_text import print_text


def add_floor(parser: argparse.ArgumentParser) -> None:
    """Add the option to a parser."""
    text = "exit with 1 if the accuracy is lower"
    parser.add_argument("--assert_accuracy_at_least", type=_read_share, metavar="SHARE", help=text)


def _read_share(word: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(word) <= 1:
            return float(word)
    raise argparse.ArgumentTypeError(f"{word} is no number in [0, 1]")


def check_floor(accuracies: Mapping[str, float], floor: float | None) -> int:
    """Return 1, with a line for each accuracy that is below the floor, else 0.

    Args:
        accuracies: What was measured → accuracy in [0, 1].
        floor: None: nothing is too low.
    """
    low = {} if floor is None else {k: v for k, v in accuracies.items() if not v >= floor}
    for name, accuracy in low.items():
        must = f"Accuracy must be at least {floor:g}. Received: {accuracy:.4f} ({name})."
        print_text(f"error: {must}", sys.stderr)
    return int(bool(low))
