"""Measure a run on its own or on other examples: `python -m keras_transfer.evaluate RUN`."""

import argparse
import dataclasses
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine, add_engine, choose_engine
from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import is_count, require
from keras_transfer.evaluation.accuracy_floor import add_floor, check_floor
from keras_transfer.evaluation.certainty.decision_numbers import read_limits
from keras_transfer.evaluation.certainty.decision_options import (
    add_decisions,
    check_decisions,
    settle_decisions,
)
from keras_transfer.modalities.table import choose_modality, name_dataset, name_modality
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions, require_numbers
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import EVALUATION_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import add_json, print_json, reserving_output
from keras_transfer.system.terminal.visible_text import print_text

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("keras_transfer.evaluate")  # __name__ is "__main__" as a command

MOST_LOSSES = 400  # images in top_losses.png; one of more would be too high for many programs


def evaluate_run(
    run: Run | str | Path, dataset: Any = None, split: str | None = None, tta: int = 1
) -> Predictions:
    """Predict every image of a split with the model.keras of a run.

    Args:
        run: A finished run or its directory.
        dataset: Other labelled images, as `--dataset` of train takes them, or as
            `keras_transfer.modalities.table.name_dataset` does; their classes must be among the
            run's. None: the images the run was made from, divided as in its split.csv.
        split: train, validation or test. None: test if there is one, else validation; of a data set
            that names no splits, all images.
        tta: Test-time augmentation: probabilities are the mean over each image and `tta - 1` views
            of it, changed as in training but for mixes, erasing and RandAugment. 1: images alone.

    Returns:
        Probabilities and truths; `keras_transfer.evaluation.metrics.score` makes numbers of them.

    Raises:
        ConfigError: The run, the images or the split cannot be used, the run has no views, or its
            model answers with NaN.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    return _evaluate(run, load_run_config(run), dataset, split, tta).predictions


class _Evaluated(NamedTuple):
    """What `evaluate_run` returns, and more."""

    predictions: Predictions
    root: Path  # folder that their paths start from
    shares: "np.ndarray | None" = None  # of each image, see `Neighbours`, if they were asked for


def _evaluate(
    run: Run,
    config: TrainConfig,
    dataset: str | None,
    split: str | None,
    tta: int,
    unusual: bool = False,
    engine: Engine = THIS_PROCESS,
) -> _Evaluated:
    from keras_transfer.data.run_examples import read_other_examples, read_own_examples
    from keras_transfer.evaluation.test_time_augmentation import choose_views

    require(is_count(tta), "tta", "a whole number from 1", tta)
    modality = choose_modality(config)
    own = dataset is None
    if own:
        examples, findings = read_own_examples(run, config, modality, split, engine)
    else:
        examples, findings = read_other_examples(
            run, config, modality, name_dataset(dataset, name_modality(config)), split, engine
        )
    given = run.given_parts().get("augmentation", "")
    views = choose_views(config, modality, examples.flips, tta, given)
    import_tensorflow()
    from keras_transfer.evaluation.blocks.split_blocks import predict_on_workers
    from keras_transfer.evaluation.certainty.run_neighbours import find_neighbours
    from keras_transfer.evaluation.inference import predict_splits
    from keras_transfer.models.run_model import load_run_model
    from keras_transfer.training.devices import grow_gpu_memory

    if not engine.is_here:
        grow_gpu_memory()  # workers may share it
    model = load_run_model(run, config, own) if engine.is_here or unusual else None
    taken = modality.find_input(config, run.path)
    data = modality.hold_split(examples, config, taken, findings, views)
    neighbours = find_neighbours(run, config, model) if unusual else None
    if engine.is_here:
        found = predict_splits(model, data, [str(examples.splits[0])], tta, with_features=unusual)
    else:
        found = predict_on_workers(run, own, data, modality.noun, engine, unusual)
    found = dataclasses.replace(found, noun=modality.noun)
    require_numbers(found, run.own_model_file if own else run.model_file)
    if neighbours is None or found.features is None:
        return _Evaluated(found, examples.root)
    return _Evaluated(found, examples.root, neighbours.find_shares(found.features))


def main(arguments: list[str]) -> int:
    """Run the command line."""
    words = _parse(arguments)
    print_logs(logging.WARNING)
    run = Run.open(words.run)
    config = load_run_config(run)
    settled = settle_decisions(words, lambda: read_limits(run, own=words.dataset is None))
    with reserving_output(words.json):
        asked = words.dataset, words.split, words.tta, words.unusual, words.engine
        predictions, root, shares = _evaluate(run, config, *asked)
    from keras_transfer.evaluation.certainty.measured_decisions import (
        describe_decisions,
        measure_decisions,
    )
    from keras_transfer.evaluation.metrics import score
    from keras_transfer.evaluation.reports.evaluation_files import Evaluation, leave_evaluation
    from keras_transfer.evaluation.reports.json_answers import answer_evaluation
    from keras_transfer.evaluation.reports.summary import describe_predictions

    def draw(file: Path, side: int) -> "np.ndarray | tuple[str, ...] | None":
        return choose_modality(config).draw_example(file, side, config)

    trusted = measure_decisions(predictions, words, settled, shares)
    are_own = words.dataset is None and predictions.split_names == ("validation",)
    if are_own and trusted.keys() & {"sets", "answering"}:
        logger.warning("Limits and thresholds were chosen on these examples: others may be worse")
    if not words.json:
        print_text(describe_predictions(predictions, config.data.noun))
        for line in describe_decisions(trusted, len(predictions), config.data.noun):
            print_text(line)
    done = Evaluation(
        run=run,
        predictions=predictions,
        root=root,
        dataset=words.dataset,
        tta=words.tta,
        noun=config.data.noun,
    )
    print_text(
        leave_evaluation(done, words.output, draw, words.top_losses),
        sys.stderr if words.json else None,
    )
    if words.json:
        print_json(answer_evaluation(done) | trusted)
    measured = {predictions.split_names[0]: score(predictions)["accuracy"]}
    return check_floor(measured, words.assert_accuracy_at_least)


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line, and refuse what cannot be before anything is loaded."""
    parser = PlainParser("evaluate", __doc__)
    parser.add_argument("run", metavar="RUN", help="a finished run directory")
    parser.add_argument("--dataset", help="other labelled images or texts (default: the run's own)")
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} (default: test, else validation)")
    parser.add_argument(
        "--tta",
        type=int,
        default=1,
        metavar="N",
        help="test-time augmentation: average over each image and N - 1 views of it, changed as in "
        "training but for mixup, CutMix, erasing and RandAugment (default: 1, no views)",
    )
    parser.add_argument(
        "--top_losses",
        type=int,
        default=12,
        metavar="N",
        help="examples in top_losses.png, highest loss first (default: 12)",
    )
    text = "where per_class.csv, confusion_matrix.csv and the figures go (default: into the run)"
    parser.add_argument("--output", type=_expand_home, metavar="FOLDER", help=text)
    add_decisions(parser)
    add_floor(parser)
    add_json(parser)
    add_engine(parser)
    words = parser.parse_args(arguments)
    words.engine = choose_engine(words.engine, words.workers)
    must = f"a whole number of examples, at most {MOST_LOSSES}"
    require(is_count(words.top_losses, most=MOST_LOSSES), "top_losses", must, words.top_losses)
    check_decisions(words)
    asked = words.unusual or {words.coverage, words.answer_at_accuracy} != {None}
    must = "1 with --coverage, --answer_at_accuracy and --unusual"
    require(words.tta == 1 or not asked, "tta", must, words.tta)
    require(words.tta == 1 or words.engine.is_here, "tta", "1 with --engine ray", words.tta)
    if words.output:
        _check_output(words.output)
    return words


def _expand_home(word: str) -> Path:
    """Return a folder; shells leave the ~ in --output=~/results as it is."""
    return Path(os.path.expanduser(word))


def _check_output(folder: Path) -> None:
    """Refuse a folder for an evaluation that holds something else.

    Raises:
        ConfigError: It does, or is no folder.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError:  # a file, or a folder of others
        names = [""]
    if names and EVALUATION_FILE not in names:
        raise ConfigError(
            "`output` must be a new folder, an empty one or that of an earlier evaluation. "
            f"Received: {folder}, which is something else. Choose another with --output."
        )


if __name__ == "__main__":
    run_command(main)
