"""Whether an artefact answers as the model it was made from: measured, judged, kept, noted.

The limits that it is judged by stand beside its writer, in the file of its format.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.help.versions import find_version
from keras_transfer.evaluation.metrics import expected_calibration_error, wilson_interval
from keras_transfer.evaluation.reports.parity_table import CLEAR
from keras_transfer.exports.exporter_row import FAILED, Limits
from keras_transfer.exports.fresh_process import measure_artefact
from keras_transfer.exports.loaders import find_saved_model
from keras_transfer.exports.reading.vouching import HASH, hash_artefact
from keras_transfer.exports.reference_answers import Yardstick
from keras_transfer.run.predictions_csv import soften
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json

logger = logging.getLogger(__name__)

CLOSE = 0.02  # of a probability: what validation says of the run holds for the file as well
# whose versions parity.json names
PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx")


def check_artefact(path: Path, limits: Limits, yardstick: Yardstick) -> list[dict[str, Any]]:
    """Measure an artefact in a fresh process, every signature of it over the whole split.

    `serve_bytes` decodes by itself, so it is asked about the plain files among them only. A
    SavedModel of texts is asked about the texts, and everything else about token ids.

    Returns:
        A row per signature: what `compare_answers` returns, `signature`, `size_bytes`,
        `latency_ms` and `load_seconds`; only `signature`, `images` and `reason` if its process
        failed, or none of the files is plain.
    """
    plain = np.flatnonzero(yardstick.plain)
    raw = yardstick.taken.with_name("raw.json")
    raw.write_text(json.dumps(yardstick.raw[plain].tolist()), encoding="utf-8")
    answers, numbers = measure_artefact(path, yardstick.taken, raw)
    if not answers:
        return [{"signature": "", "images": 0, "reason": numbers["reason"]}]
    rows = []
    for signature, found in answers.items():
        asked = plain if signature == "serve_bytes" else np.arange(len(yardstick.truth))
        compared = compare_answers(
            found, yardstick.reference[asked], yardstick.truth[asked], limits
        )
        rows.append({"signature": signature, "size_bytes": count_bytes(path)} | numbers | compared)
    if "serving_default" in answers and not len(plain):
        logger.warning("serve_bytes is not checked: no validation file is a plain JPEG or PNG")
        rows.append({"signature": "serve_bytes", "images": 0, "reason": ""})
    return rows


def count_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def describe_reference(yardstick: Yardstick, temperature: float) -> dict[str, Any]:
    """Return what parity.json says of the run's own model, and of the versions that were used.

    Args:
        yardstick: Its reference may be scaled.
        temperature: By which it is; the run's own model is not.
    """
    own = soften(yardstick.reference, 1 / temperature)
    right = int((yardstick.reference.argmax(axis=1) == yardstick.truth).sum())
    images = len(yardstick.truth)
    return {
        "split": "validation",
        "images": images,
        "accuracy": right / images,
        "accuracy_interval": list(wilson_interval(right, images)),
        "expected_calibration_error": expected_calibration_error(own, yardstick.truth),
        "packages": {name: find_version(name) for name in PACKAGES},
    }


def keep_artefact(
    run: Run,
    written: Path,
    rows: Sequence[Mapping[str, Any]],
    reference: Mapping[str, Any],
) -> dict[str, Any]:
    """Move an artefact into the run, as `.failed` if it broke a limit, and note it in parity.json.

    Args:
        run: Its other artefacts stay, and so do their rows.
        written: The artefact, on the same disk.
        rows: What `check_artefact` returned.
        reference: What `describe_reference` returned.

    Returns:
        The content of parity.json.
    """
    broken = written.name + FAILED
    name = broken if any(row["reason"] for row in rows) else written.name
    for stale in {name, broken}:
        if (run.exports / stale).exists():
            (run.exports / stale).rename(written.with_name(f"former-{stale}"))
    said = {"file": name, HASH: hash_artefact(find_saved_model(written) or written)}
    written.rename(run.exports / name)
    before = run.parity() if run.parity_file.exists() else {}
    others = [row for row in before.get("artefacts", []) if row["file"] not in (name, broken)]
    report = {"reference": reference, "artefacts": others + [said | dict(row) for row in rows]}
    write_json(run.parity_file, report)
    return report


def list_temperatures(report: Mapping[str, Any]) -> dict[str, float]:
    """Return what each artefact was scaled by that answers as model.keras does, to `CLOSE`."""
    rows = report["artefacts"]
    far = {row["file"] for row in rows if not row.get("max_difference", 1) <= CLOSE}
    kept = [row for row in rows if row["file"] not in far and not row["file"].endswith(FAILED)]
    return {row["file"]: row["temperature"] for row in kept}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one artefact."""

    file: str
    """Its name in the run's `exports`."""
    reason: str
    """Why it was not accepted, and its name ends in `.failed`; "" if it was."""
    accuracy: float | None
    """On the validation images, of its first signature; None: it gave no probabilities."""

    @property
    def accepted(self) -> bool:
        """Whether it keeps to the limits of its kind."""
        return not self.reason


def list_results(report: Mapping[str, Any], names: Sequence[str]) -> list[Result]:
    """Return what became of the artefacts that were written last under these names.

    Args:
        report: What `keep_artefact` returned. An artefact may be in it twice: accepted by an
            earlier export, and refused by the last.
        names: `Exporter.file` of each.
    """
    rows = report["artefacts"]
    found = []
    for name in names:
        refused = [row for row in rows if row["file"] == name + FAILED]
        if own := refused or [row for row in rows if row["file"] == name]:
            reason = max(row["reason"] for row in own)  # "" only if all are
            accuracy = own[0].get("accuracy")
            found.append(Result(file=own[0]["file"], reason=reason, accuracy=accuracy))
    return found


def answer_export(run: Run, report: Mapping[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """Return what `export --json` prints: parity.json, of the files that were written last only.

    Args:
        run: That was exported.
        report: What `keep_artefact` returned.
        results: What `list_results` made of it.
    """
    folder, accepted = run.exports.absolute(), {each.file: each.accepted for each in results}
    rows = [
        row | {"path": folder / row["file"], "accepted": accepted[row["file"]]}
        for row in report["artefacts"]
        if row["file"] in accepted
    ]
    return {"run": run.path.absolute(), "reference": report["reference"], "artefacts": rows}


def compare_answers(
    answers: np.ndarray, reference: np.ndarray, truth: np.ndarray, limits: Limits
) -> dict[str, Any]:
    """Return an artefact's numbers over n images, and whether they keep to the limits.

    Args:
        answers: (n, classes) probabilities of the artefact.
        reference: (n, classes) probabilities of the model.
        truth: (n,) index of the true class.
        limits: Of its kind.

    Returns:
        `images`, `max_difference`, `mean_difference`, `agreement` (share of the images whose two
        best classes differ by more than `CLEAR` in the reference; 1 if there are none), `accuracy`,
        `accuracy_interval` (Wilson, 95 %), `expected_calibration_error`, `reason` ("" if it keeps
        to the limits). Only `images` and `reason` where the answers are no probabilities of these
        classes.
    """
    if answers.shape != reference.shape:
        reason = f"it answers in the shape {answers.shape}, the model in {reference.shape}"
        return {"images": len(truth), "reason": reason}
    if not np.isfinite(answers).all():
        return {"images": len(truth), "reason": "it answers with numbers that are not finite"}
    difference = np.abs(answers.astype(np.float64) - reference)
    best = np.sort(reference, axis=1)
    clear = best[:, -1] - best[:, -2] > CLEAR
    same = answers.argmax(axis=1) == reference.argmax(axis=1)
    right = int((answers.argmax(axis=1) == truth).sum())
    found: dict[str, Any] = {
        "images": len(truth),
        "max_difference": float(difference.max()),
        "mean_difference": float(difference.mean()),
        "agreement": float(same[clear].mean()) if clear.any() else 1.0,
        "accuracy": right / len(truth),
        "accuracy_interval": list(wilson_interval(right, len(truth))),
        "expected_calibration_error": expected_calibration_error(answers, truth),
    }
    loss = float((reference.argmax(axis=1) == truth).mean()) - found["accuracy"]
    return found | {"reason": _find_fault(found, loss, limits)}


def _find_fault(found: Mapping[str, Any], loss: float, limits: Limits) -> str:
    """Return which limit is broken, in words; "" if none is."""
    rounding = 1e-12
    if limits.difference is not None and found["max_difference"] > limits.difference + rounding:
        difference = found["max_difference"]
        return f"a probability differs by {difference:.1e}, more than {limits.difference:.0e}"
    differing = 1 - found["agreement"]
    if limits.agreement is not None and differing > 1 - limits.agreement + rounding:
        most = 1 - limits.agreement
        return f"its first class differs on {differing:.1%} of the examples, more than {most:.1%}"
    if limits.loss is not None and loss > limits.loss + rounding:
        return f"its accuracy is {loss:.1%} lower, more than {limits.loss:.1%}"
    return ""
