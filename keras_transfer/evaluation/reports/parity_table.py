"""The rows of parity.json as cells, and the table of them that `export` prints.

The model card draws its table from the same cells. What the numbers mean, and how they are
measured, stands in `exports/parity.py`.
"""

from collections.abc import Mapping
from typing import Any

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.run.contents.kinds import Checked
from keras_transfer.system.terminal.text_tables import draw_table

CLEAR = 2e-4  # where the two best classes are no further apart, rounding may choose either
MEASURED = Checked.__optional_keys__ - {"sha256"}  # of an artefact that was asked
LEFT_OUT = ("load s", "95 % interval", "images", "mean", "ms")  # of narrow lines, in this order
COLUMNS = (
    *("file", "images", "max", "mean", "same class", "accuracy", "95 % interval"),
    *("MB", "ms", "load s", "passed"),
)


def list_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a row of parity.json: name of the column → text or whole number.

    Of an artefact that was not asked, or answered with no probabilities, there are the first two
    and the last only.
    """
    first = {"file": _name_signature(row), "images": row["images"]}
    if not row.keys() >= MEASURED:
        return first | {"passed": "no" if row["reason"] else "not checked"}
    return first | {
        "max": f"{row['max_difference']:.1e}",
        "mean": f"{row['mean_difference']:.1e}",
        "same class": f"{row['agreement']:.1%}",
        "accuracy": f"{row['accuracy']:.3f}",
        "95 % interval": say_interval(row["accuracy_interval"]),
        "temperature": f"{row['temperature']:.3g}",
        "calibration error": f"{row['expected_calibration_error']:.3f}",
        "MB": f"{row['size_bytes'] / 1e6:.2f}",
        "ms": f"{row['latency_ms']:.1f}",
        "load s": f"{row['load_seconds']:.2f}",
        "passed": "no" if row["reason"] else "yes",
    }


def draw_parity(report: Mapping[str, Any], noun: str) -> str:
    """Return the content of parity.json as a table and a line about the model itself."""
    reference = report["reference"]
    cells = [list_cells(row) for row in report["artefacts"]]
    rows = [[each.get(name) for name in COLUMNS] for each in cells]
    called = {"images": f"{noun}s"}
    names, left_out = ([called.get(n, n) for n in each] for each in (COLUMNS, LEFT_OUT))
    lines = [
        f"Largest and mean difference of probabilities, {noun}s with the same class,\n"
        f"milliseconds for one {noun}:",
        draw_table(names, rows, whole=["file"], drop=left_out, where="in parity.json"),
        f"model.keras: accuracy {reference['accuracy']:.3f} "
        f"({say_interval(reference['accuracy_interval'])}) on "
        f"{count_of(reference['images'], f'validation {noun}')}",
    ]
    return "\n".join(lines + _explain_calibration(report))


def _explain_calibration(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each artefact that was scaled by a temperature."""
    before = report["reference"]["expected_calibration_error"]
    return [
        f"{_name_signature(row)}: temperature {row['temperature']:.2f}, calibration error "
        f"{before:.3f} -> {row['expected_calibration_error']:.3f}"
        for row in report["artefacts"]
        if row["temperature"] != 1 and row.keys() >= MEASURED
    ]


def _name_signature(row: Mapping[str, Any]) -> str:
    """Return the file, and which of a SavedModel's signatures."""
    return f"{row['file']} {row['signature']}".strip()
