"""Measure a finished run on its own or on other images: `python -m keras_transfer.evaluate RUN`."""

import logging
from pathlib import Path
from typing import Any

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.validation import is_count, require
from keras_transfer.evaluation.accuracy_floor import add_floor, check_floor
from keras_transfer.modalities.table import choose_modality, name_dataset
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions, require_numbers
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.visible_text import print_text


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
    from keras_transfer.data.run_examples import read_other_examples, read_own_examples
    from keras_transfer.evaluation.test_time_augmentation import choose_views

    require(is_count(tta), "tta", "a whole number from 1", tta)
    run = run if isinstance(run, Run) else Run.open(run)
    config = load_run_config(run)
    modality = choose_modality(config)
    if dataset is None:
        examples, findings = read_own_examples(run, config, modality, split)
    else:
        examples, findings = read_other_examples(
            run, config, modality, name_dataset(dataset), split
        )
    views = choose_views(config, modality, examples.flips, tta)
    import_tensorflow()
    from keras_transfer.evaluation.inference import predict_splits
    from keras_transfer.models.run_model import load_run_model

    model = load_run_model(run, config)
    data = modality.hold_split(examples, config, model.input_shape[1], findings, views)
    found = predict_splits(model, data, [str(examples.splits[0])], tta)
    require_numbers(found, run.model_file)
    return found


def main(arguments: list[str]) -> int:
    """Run the command line."""
    parser = PlainParser("evaluate", __doc__)
    parser.add_argument("run", metavar="RUN", help="a finished run directory")
    parser.add_argument("--dataset", help="other labelled images (default: the run's own)")
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} (default: test, else validation)")
    parser.add_argument(
        "--tta",
        type=int,
        default=1,
        metavar="N",
        help="test-time augmentation: average over each image and N - 1 views of it, changed as in "
        "training but for mixup, CutMix, erasing and RandAugment (default: 1, no views)",
    )
    add_floor(parser)
    words = parser.parse_args(arguments)
    print_logs(logging.WARNING)
    predictions = evaluate_run(words.run, words.dataset, words.split, words.tta)
    from keras_transfer.evaluation.metrics import score
    from keras_transfer.evaluation.reports.summary import describe_predictions

    print_text(describe_predictions(predictions))
    measured = {predictions.split_names[0]: score(predictions)["accuracy"]}
    return check_floor(measured, words.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
