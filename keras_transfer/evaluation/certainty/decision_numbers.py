"""What validation examples of a run say of new answers, and the file that exports carry of it."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.evaluation.certainty.answer_threshold import Answering, choose_threshold
from keras_transfer.evaluation.certainty.prediction_sets import find_limits, needed_images
from keras_transfer.run.contents import kinds
from keras_transfer.run.contents.read_files import read_json
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions, soften
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json

logger = logging.getLogger(__name__)

DECISION_FILE = "decision.json"  # beside the exports of a run
EXPORT_ANEW = "Export the run again."
COVERAGES = (0.8, 0.9, 0.95, 0.98, 0.99)  # what exports carry limits for
ACCURACIES = (0.9, 0.95, 0.98, 0.99)  # and thresholds for


class KnownLimits(Protocol):
    """What is known of a model's answers to images that it did not learn from."""

    def find_limits(self, coverage: float, class_wise: bool) -> np.ndarray:
        """Return the limits of `prediction_sets.find_limits`, (classes,).

        Raises:
            ConfigError: They are not known.
        """

    def choose_threshold(self, accuracy: float) -> Answering:
        """Return what `answer_threshold.choose_threshold` returns.

        Raises:
            ConfigError: No threshold answers so accurately, or it is not known.
        """


@dataclass(frozen=True)
class RunLimits:
    """What the validation examples of a run say."""

    validation: Predictions

    def find_limits(self, coverage: float, class_wise: bool) -> np.ndarray:
        """See `KnownLimits`."""
        held = self.validation
        counts = np.bincount(held.truth, minlength=len(held.class_names))
        few, least = counts.max() if class_wise else len(held), needed_images(coverage)
        if few < least:
            each = " of a class" if class_wise else ""
            raise ConfigError(
                f"`coverage` {coverage:g} needs {least} validation examples{each} or more. "
                f"Received: {few}. Ask for {math.floor(100 * few / (few + 1)) / 100:g} or less."
            )
        return find_limits(held.probabilities, held.truth, coverage, class_wise)

    def choose_threshold(self, accuracy: float) -> Answering:
        """See `KnownLimits`."""
        found = choose_threshold(self.validation.probabilities, self.validation.truth, accuracy)
        if found is None:
            raise ConfigError(
                "`answer_at_accuracy` must be an accuracy that the most certain validation "
                f"examples reach. Received: {accuracy:g}, and they are right less often. Ask for "
                "less."
            )
        return found

    def describe(self, temperature: float) -> dict[str, Any]:
        """Return limits and thresholds of usual shares, for a model that a temperature scaled."""
        held, truth = self.validation.probabilities, self.validation.truth
        held = held if temperature == 1 else soften(held, temperature)
        most, coverage = np.bincount(truth).max(), {}
        for share in COVERAGES:
            if needed_images(share) <= len(truth):
                known = {"limit": float(find_limits(held, truth, share)[0])}
                if needed_images(share) <= most:  # else every class would be in every set
                    each = find_limits(held, truth, share, class_wise=True).tolist()
                    known |= {"class_limits": each}
                coverage[f"{share:g}"] = known
        chosen = {share: choose_threshold(held, truth, share) for share in ACCURACIES}
        accuracy = {f"{share:g}": each._asdict() for share, each in chosen.items() if each}
        return {"coverage": coverage, "answer_at_accuracy": accuracy}


@dataclass(frozen=True)
class WrittenLimits:
    """What `write_decisions` wrote of an export."""

    file: Path
    """decision.json."""
    class_names: Sequence[str]
    known: Mapping[str, Any]
    """What `RunLimits.describe` returned."""

    def find_limits(self, coverage: float, class_wise: bool) -> np.ndarray:
        """See `KnownLimits`."""
        found = self._look_up("coverage", coverage)
        if class_wise and "class_limits" not in found:
            raise ConfigError(
                f"`coverage` {coverage:g} needs {needed_images(coverage)} validation examples of a "
                "class or more. Received: an export of a run with fewer. Ask for less."
            )
        one = [found["limit"]] * len(self.class_names)
        return np.array(found["class_limits"] if class_wise else one)

    def choose_threshold(self, accuracy: float) -> Answering:
        """See `KnownLimits`."""
        return Answering(**self._look_up("answer_at_accuracy", accuracy))

    def _look_up(self, kind: str, share: float) -> Any:
        known = self.known[kind]
        if f"{share:g}" not in known:
            raise ConfigError(
                f"`{kind}` must be one of those that {self.file} holds: {', '.join(known)}. "
                f"Received: {share:g}. The run directory itself knows all."
            )
        return known[f"{share:g}"]


def write_decisions(run: Run, temperatures: Mapping[str, float]) -> None:
    """Write exports/decision.json: exports carry probabilities, and not what they are worth.

    Args:
        run: Its exports are meant.
        temperatures: Name of each export -> what it was scaled by; of none nothing is written.
    """
    file = run.exports / DECISION_FILE
    if not temperatures or run.target_file.exists():  # of another domain validation says nothing
        file.unlink(missing_ok=True)  # it would be of former exports
        return
    try:
        decisions = read_limits(run)
    except ConfigError as error:  # the user may have removed predictions.csv
        file.unlink(missing_ok=True)  # it would be of other exports
        logger.warning("Without %s: %s", DECISION_FILE, error)
        return
    files = {name: decisions.describe(value) for name, value in temperatures.items()}
    content = {"class_names": run.class_names(), "files": files}
    write_json(file, content)


def find_decisions(model: Path, class_names: Sequence[str]) -> KnownLimits:
    """Return what is known of a model: of its run, or what decision.json says beside an export.

    Args:
        model: A model.keras in its run directory, or an export: a file or the folder of a
            SavedModel.
        class_names: Of the model.

    Raises:
        ConfigError: Neither is there, or it is damaged or of another model.
    """
    if Run(model.parent).config_file.is_file():
        return read_limits(Run(model.parent), own=False)
    places = [(folder / DECISION_FILE, folder) for folder in [*model.parents][:2]]
    file, folder = next((each for each in places if each[0].is_file()), (None, model))
    if file is None:
        adapted = any(Run(folder).target_file.is_file() for folder in [*model.parents][:3])
        has = "is for a domain of which no run knows any" if adapted else "has neither"
        raise ConfigError(
            "`coverage` and `answer_at_accuracy` need a run directory, or an export with "
            f"{DECISION_FILE} beside it. Received: {model}, which {has}. "
            + ("Leave them out." if adapted else EXPORT_ANEW)
        )
    content = read_json(file, kinds.Decision, EXPORT_ANEW)
    name = model.relative_to(folder).parts[0]
    if name not in content["files"]:
        raise ConfigError(
            f"`coverage` and `answer_at_accuracy` need an export that {file} knows: one whose "
            f"probabilities are those of its run. Received: {name}. Ask the run, or one of "
            f"{name_some([*content['files']])}."
        )
    known = content["files"][name]
    counts = {len(each.get("class_limits", class_names)) for each in known["coverage"].values()}
    if tuple(content["class_names"]) != tuple(class_names) or counts - {len(class_names)}:
        raise ConfigError(
            f"{file} must be of the classes of {name} beside it. Received: of others. {EXPORT_ANEW}"
        )
    return WrittenLimits(file, class_names, known)


def read_limits(run: Run, own: bool = True) -> RunLimits:
    """Return what the validation examples of a finished run say.

    Args:
        run: Its predictions.csv is read.
        own: Whether it is about images of the run's own domain; else, if the run was adapted to
            another one, a line warns of that.

    Raises:
        ConfigError: Its predictions.csv is not there, is damaged, or holds none of them.
    """
    held = read_run_predictions(run).select("validation")
    if not own and run.target_file.exists():
        logger.warning(
            "Limits and thresholds come from examples of the run's own data set: on those of the "
            "domain that it was adapted to they promise nothing"
        )
    if not len(held):
        raise ConfigError(
            "`coverage` and `answer_at_accuracy` need validation examples. Received: a run whose "
            f"predictions.csv has none, {run.path}."
        )
    return RunLimits(held)
