"""Whether a comparison has a baseline, and its row."""

from collections.abc import Sequence

from keras_transfer.compare.columns import BASELINE
from keras_transfer.compare.rows import Row
from keras_transfer.modalities.table import choose_modality
from keras_transfer.system.child_python import SAFE

COMMAND = (SAFE, "-m", "keras_transfer.compare.baseline", "--config")


def add_baseline(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with that of the baseline behind them, if there is one for their examples.

    Args:
        rows: Trainings, at least one, on the same data set. What makes one of them does not count
            for the baseline: it has no value in the columns of lists but a name.
    """
    baseline = choose_modality(rows[0].config).baseline
    if baseline is None:
        return [*rows]
    own = {"strategy": BASELINE, "backbone": baseline.name}
    values = dict.fromkeys(rows[0].values) | own
    return [*rows, Row(name=f"{baseline.name}-{BASELINE}", values=values, config=rows[0].config)]
