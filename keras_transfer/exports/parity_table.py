"""parity.json as a table."""

from collections.abc import Mapping
from typing import Any

from keras_transfer.system.text_tables import draw_table

WIDTH = 130  # letters of the table


def draw_parity(report: Mapping[str, Any]) -> str:
    """Return the content of parity.json as a table and a line about the model itself."""
    reference = report["reference"]
    low, high = reference["accuracy_interval"]
    columns = (
        *("artefact", "images", "max", "mean", "agree", "accuracy", "95 % interval"),
        *("MB", "ms", "load s", ""),
    )
    lines = [
        "Largest and mean difference of probabilities, images with the same class, milliseconds "
        "for one image:",
        draw_table(columns, [_draw_row(row) for row in report["artefacts"]], width=WIDTH),
        f"model.keras: accuracy {reference['accuracy']:.3f} ({low:.3f} - {high:.3f}) on "
        f"{reference['images']} validation images",
    ]
    return "\n".join(lines + _explain_calibration(report))


def _draw_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    file = row["file"].removesuffix(".failed")
    name, verdict = f"{file} {row['signature']}".strip(), "failed" if row["reason"] else ""
    if "accuracy" not in row:
        return name, row["images"], *[None] * 8, verdict or "not checked"
    low, high = row["accuracy_interval"]
    return (
        name,
        row["images"],
        f"{row['max_difference']:.0e}",
        f"{row['mean_difference']:.0e}",
        f"{row['agreement']:.1%}",
        row["accuracy"],
        f"{low:.3f} - {high:.3f}",
        f"{row['size_bytes'] / 1e6:.2f}",
        f"{row['latency_ms']:.1f}",
        f"{row['load_seconds']:.2f}",
        verdict,
    )


def _explain_calibration(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each artefact that was scaled by a temperature."""
    before = report["reference"]["expected_calibration_error"]
    return [
        f"{row['file']} {row['signature']}".strip()
        + f": temperature {row['temperature']:.2f}, calibration error {before:.3f} -> "
        f"{row['expected_calibration_error']:.3f}"
        for row in report["artefacts"]
        if row["temperature"] != 1 and "accuracy" in row
    ]
