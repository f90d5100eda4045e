"""Whether the weights of every row can be had: found, or downloaded, before any is trained."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence

from keras_transfer.compare.columns import FINISHED, WAITING
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.results_csv import Results
from keras_transfer.compare.rows import Row
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.strategies import SCRATCH

logger = logging.getLogger(__name__)

PATH = "--weights PATH"  # in messages; of several backbones each has a path of its own
Wanted = tuple[str, str]  # a backbone, and the weights that its rows ask for


def settle_weights(
    comparison: Comparison, results: Results, rows: Sequence[Row], is_new: bool
) -> None:
    """Find the weights of the rows that are yet to begin, once for each backbone, and say which.

    Where a backbone asks for auto, all its rows get the same: what earlier rows of the comparison
    have, else ImageNet's or the bundled ones, whichever can be had now.

    Args:
        comparison: Its runs that have begun have their weights, and need none.
        results: Knows which rows wait, and is told what became of their weights.
        rows: All of them.
        is_new: Whether nothing was trained so far. If something was, rows whose weights are gone
            fail, and the others go on.

    Raises:
        ConfigError: Weights cannot be had, and why.
    """
    waiting = [row for row in results.select(WAITING) if _needs_weights(comparison, row)]
    chosen = dict.fromkeys(map(_read_wanted, waiting), "")
    known = _recall(comparison, results, rows)
    several = len({backbone for backbone, _ in chosen}) > 1
    faults = []
    for backbone, weights in chosen:
        word = known.get(backbone, weights) if weights == WeightsWord.AUTO else weights
        option = f"--weights {backbone}=PATH" if several else PATH
        try:
            chosen[backbone, weights] = _find(backbone, word, option)
        except ConfigError as error:
            chosen[backbone, weights] = word
            faults.append(str(error).replace(PATH, option))
    if faults and is_new:
        raise ConfigError(" ".join(faults))
    for fault in faults:
        logger.warning("%s", fault)
    names = {row.name for row in waiting}
    results.settle([_choose(row, chosen) if row.name in names else row for row in rows])


def _read_wanted(row: Row) -> Wanted:
    return row.config.backbone, row.config.weights


def _needs_weights(comparison: Comparison, row: Row) -> bool:
    begun = Run(comparison.runs / row.name).plan_file.exists()
    return not begun and not row.is_baseline and row.config.strategy != SCRATCH


def _recall(comparison: Comparison, results: Results, rows: Iterable[Row]) -> dict[str, str]:
    """Return by backbone what auto came to in rows that have begun."""
    known = {}
    for row in rows:
        asks = row.config.weights == WeightsWord.AUTO and not row.is_baseline
        if not asks or row.config.strategy == SCRATCH:
            continue
        run = Run(comparison.runs / row.name)
        with contextlib.suppress(ConfigError):  # damaged: whoever goes on with the row says so
            if results[row].status == FINISHED:
                known[row.config.backbone] = str(run.metrics()["weights"])
            elif plan := read_plan(run):
                known[row.config.backbone] = str(plan["weights"]["kind"])
    # a file is its backbone's own: what auto means there
    return {name: kind for name, kind in known.items() if kind in [*WeightsWord]}


def _find(backbone: str, choice: str, option: str) -> str:
    """Return the choice, or what auto comes to, once the file is on this machine.

    Raises:
        ConfigError: It cannot be had.
    """
    from keras_transfer.models.weights.file_contents import require_enough
    from keras_transfer.models.weights.pretrained_weights import find_weights

    weights = find_weights(backbone, find_backbone(backbone), choice)
    if weights.kind == "file" and weights.file is not None:
        require_enough(weights.file, backbone)
    if weights.warning:
        logger.warning("%s", weights.warning.replace(PATH, option))
    return str(weights.kind) if weights.kind in [*WeightsWord] else choice


def _choose(row: Row, chosen: Mapping[Wanted, str]) -> Row:
    weights = chosen[_read_wanted(row)]
    return dataclasses.replace(row, config=dataclasses.replace(row.config, weights=weights))
