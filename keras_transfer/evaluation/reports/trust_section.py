"""The section of model_card.md that says when an answer can be trusted."""

from collections.abc import Iterator

import numpy as np

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.evaluation.certainty.answer_threshold import choose_threshold, say_threshold
from keras_transfer.evaluation.certainty.decision_numbers import (
    DECISION_FILE,
    EXPORT_ANEW,
    read_limits,
)
from keras_transfer.evaluation.certainty.neighbour_files import read_unusual
from keras_transfer.evaluation.certainty.neighbours import UNUSUAL_SHARE, is_unusual
from keras_transfer.evaluation.certainty.prediction_sets import find_limits, needed_images
from keras_transfer.run.contents import kinds
from keras_transfer.run.contents.read_files import read_json
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

COVERAGE, ACCURACY = 0.95, 0.98
CODE = """import json
known = json.load(open("exports/{file}"))["files"][{export!r}]
limit = known["coverage"]["{coverage:g}"]["limit"]  # answer: probabilities of an image
members = [n for n, p in enumerate(answer) if p >= limit or p == max(answer)]
sure = max(answer) >= known["answer_at_accuracy"]["{accuracy:g}"]["threshold"]"""


def describe_trust(run: Run) -> Iterator[str]:
    """Yield the lines of the section, from the validation images in predictions.csv."""
    try:
        held = read_limits(run).validation
    except ConfigError:  # the user may have removed it
        yield "predictions.csv, which says it, is not in the run."
        return
    noun = load_run_config(run).data.noun
    examples = count_of(len(held), f"validation {noun}")
    if len(held) >= needed_images(COVERAGE):
        limit = find_limits(held.probabilities, held.truth, COVERAGE)[0]
        yield (
            f"* The classes with a probability of {limit:.3g} or more hold the true one for at "
            f"least {COVERAGE:.0%} of {noun}s like the {examples} "
            f"(`predict --coverage {COVERAGE:g}`)."
        )
    if chosen := choose_threshold(held.probabilities, held.truth, ACCURACY):
        threshold = say_threshold(chosen.threshold)
        yield (
            f"* With a probability of {threshold} or more, {chosen.share:.0%} of the {examples}, "
            f"the prediction was right for {chosen.accuracy:.3f} of them (95 % interval "
            f"{say_interval(chosen.interval)}; `predict --answer_at_accuracy {ACCURACY:g}`)."
        )
    others = "texts about" if noun == "text" else "pictures of"
    yield f"* For {others} other things these numbers promise nothing."
    if run.target_file.exists():
        yield (
            "* They are about images of the domain it learned from, and promise nothing for the "
            "one that it was adapted to."
        )
    if said := _describe_unusual(run, noun):
        yield said
    if code := _write_code(run):
        yield f"\nWith an export:\n\n```python\n{code}\n```"


def _describe_unusual(run: Run, noun: str) -> str:
    """Return how many examples of each split are taken for such, or nothing."""
    shares, held, counts = read_unusual(run) or {}, read_run_predictions(run), []
    for name in held.split_names:
        known = [shares[path] for path in held.select(name).paths.tolist() if path in shares]
        if known:
            flagged = int(is_unusual(np.array(known)).sum())
            counts.append(f"{flagged:,} of {count_of(len(known), f'{name} {noun}')}")
    if not counts:
        return ""
    return (
        f"* `predict --unusual` says which {noun}s are unlike the training {noun}s: of {noun}s "
        f"like them about {UNUSUAL_SHARE:.0%}, here {' and '.join(counts)}."
    )


def _write_code(run: Run) -> str:
    """Return the lines for the first export that decision.json knows enough of, or nothing."""
    file = run.exports / DECISION_FILE
    if not file.is_file():
        return ""
    known = read_json(file, kinds.Decision, EXPORT_ANEW)["files"]
    for export, said in known.items():
        if f"{COVERAGE:g}" in said["coverage"] and f"{ACCURACY:g}" in said["answer_at_accuracy"]:
            return CODE.format(
                file=DECISION_FILE, export=export, coverage=COVERAGE, accuracy=ACCURACY
            )
    return ""
