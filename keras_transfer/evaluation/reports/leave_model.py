"""What a training leaves of its model: model.keras, and what it says of each example."""

from typing import Any, NamedTuple

import keras

from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.evaluation.calibration import calibrate
from keras_transfer.evaluation.certainty.run_neighbours import leave_neighbours, take_references
from keras_transfer.evaluation.domain_gap.leave_target import leave_target
from keras_transfer.evaluation.inference import write_predictions
from keras_transfer.evaluation.what_is_left import Kept, predict_left, tell_lost
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.model_file import write_model
from keras_transfer.models.run_model import rebuild_float32
from keras_transfer.training.adaptation.methods import find_adaptation
from keras_transfer.training.adaptation.target_statistics import settle_source
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.run_phases import Outcome


class Left(NamedTuple):
    """What a training has left."""

    model: keras.Model
    """As its file has it, for images of the run's own domain."""
    temperature: float | None
    """By which it was scaled; None: it was not."""
    facts: dict[str, Any]
    """Entries of metrics.json."""


def leave_model(training: Training, outcome: Outcome) -> Left:
    """Leave model.keras and predictions.csv, of the examples that are still there.

    Where there is another domain that has statistics of its own, model.keras has those, and
    source_model.keras is what the predictions are of.
    """
    config, data, run, temperature = training.config, training.data, training.run, None
    cache = outcome.cache
    model = rebuild_float32(training.model, config, data.class_names)
    changed = settle_source(model, training)
    names = [name for name in ("validation", "test") if name in data.splits]
    lost, exact = find_lost(data, run, names), config.precision == "float32"
    wanted = (lost or exact) and not changed  # kept activations are of other statistics
    recalled = cache.recall_validation(anew=exact and not lost) if wanted else None
    kept = recalled and Kept(recalled[0], {"validation": lambda: recalled[1]}, exact)
    asked, references = take_references(data, run)
    if kept and exact and references:
        decoded = iter(asked.clean_batches("train"))  # begins now, while the model is written
        kept.activations["train"] = lambda: cache.activate(kept.cut, decoded)
    if config.calibrate:
        predictions = predict_left(model, data, ["validation"], lost, kept)
        temperature = calibrate(model, predictions)
    prepared = choose_modality(config).describe_preparation(config)
    notes = {"class_names": list(data.class_names), **prepared}
    two = find_adaptation(config).statistics != "none"
    write_model(model, run.source_model_file if two else run.model_file, notes)
    said = predict_left(model, asked, [*names, *references], lost, kept, bool(references))
    write_predictions(leave_neighbours(said, run), run)
    left_out = tell_lost(lost, data, kept, run)
    facts = {"left_out": left_out} if left_out else {}
    if outcome.begun:
        facts["adapt"] = leave_target(model, training, outcome, notes)
    return Left(model, temperature, facts)
