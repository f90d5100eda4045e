"""The section of model_card.md that says when an answer can be trusted."""

from collections.abc import Iterator

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.evaluation.certainty.answer_threshold import choose_threshold
from keras_transfer.evaluation.certainty.decision_numbers import DECISION_FILE, read_decisions
from keras_transfer.evaluation.certainty.prediction_sets import find_limits, needed_images
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

COVERAGE, ACCURACY = 0.95, 0.98
CODE = """import json
known = json.load(open("exports/{file}"))["files"]["{export}"]
limit = known["coverage"]["{coverage:g}"]["limit"]  # answer: probabilities of an image
members = [n for n, p in enumerate(answer) if p >= limit or p == max(answer)]
sure = max(answer) >= known["answer_at_accuracy"]["{accuracy:g}"]["threshold"]"""


def describe_trust(run: Run) -> Iterator[str]:
    """Yield the lines of the section, from the validation images in predictions.csv."""
    try:
        held = read_decisions(run).validation
    except ConfigError:  # the user may have removed it
        yield "predictions.csv, which says it, is not in the run."
        return
    images = count_of(len(held), "validation image")
    if len(held) >= needed_images(COVERAGE):
        limit = find_limits(held.probabilities, held.truth, COVERAGE)[0]
        yield (
            f"* The classes with a probability of {limit:.3g} or more hold the true one for at "
            f"least {COVERAGE:.0%} of images like the {images} (`predict --coverage {COVERAGE:g}`)."
        )
    if chosen := choose_threshold(held.probabilities, held.truth, ACCURACY):
        yield (
            f"* With a probability of {chosen.threshold:.3f} or more, {chosen.share:.0%} of the "
            f"{images}, the prediction was right for {chosen.accuracy:.3f} of them (95 % interval "
            f"{say_interval(chosen.interval)}; `predict --answer_at_accuracy {ACCURACY:g}`)."
        )
    yield "* For pictures of other things these numbers promise nothing."
    exports = [each.name for each in sorted(run.exports.glob("*")) if _is_export(each.name)]
    if exports and (run.exports / DECISION_FILE).is_file():
        code = CODE.format(
            file=DECISION_FILE, export=exports[0], coverage=COVERAGE, accuracy=ACCURACY
        )
        yield f"\nWith an export:\n\n```python\n{code}\n```"


def _is_export(name: str) -> bool:
    return name == "saved_model" or name.endswith((".tflite", ".onnx"))
