"""Whether two runs say the same."""

import keras
import numpy as np


def load_weights(run):
    """Return every weight of model.keras, and of source_model.keras if there is one."""
    files = dict.fromkeys((run.model_file, run.own_model_file))
    return [each for file in files for each in keras.models.load_model(file).get_weights()]


def drop_seconds(run):
    return {name: cells for name, cells in run.history_table().items() if name != "seconds"}


def assert_same_run(run, other):
    """Compare all that two runs say but how long they took."""
    for one, two in zip(load_weights(run), load_weights(other), strict=True):
        np.testing.assert_array_equal(one, two)
    assert drop_seconds(run) == drop_seconds(other)
    names = ("predictions_file", "unusual_file", "neighbours_file")
    for name in (*names, "split_file", "freeze_table_file", "class_names_file"):
        assert getattr(run, name).read_bytes() == getattr(other, name).read_bytes(), name
    for name in ("target_file", "target_predictions_file"):
        ours, theirs = getattr(run, name), getattr(other, name)
        assert ours.exists() == theirs.exists(), name
        assert not ours.exists() or ours.read_bytes() == theirs.read_bytes(), name
    metrics, expected = run.metrics(), other.metrics()
    for phase in (*metrics["phases"].values(), *expected["phases"].values()):
        del phase["seconds"]
    metrics["seconds"] = expected["seconds"] = {}
    assert metrics == expected
    names = [sorted(path.name for path in r.path.iterdir()) for r in (run, other)]
    assert names[0] == names[1]
