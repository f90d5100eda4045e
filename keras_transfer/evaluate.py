"""Measure a finished run on its own or on other images: `python -m keras_transfer.evaluate RUN`."""

import logging
from pathlib import Path

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.validation import require
from keras_transfer.evaluation.accuracy_floor import add_floor, check_floor
from keras_transfer.images.augmentation.presets import (
    Augmentation,
    describe_augmentation,
    resolve_augmentation,
)
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow


def evaluate_run(
    run: Run | str | Path, dataset: str | None = None, split: str | None = None, tta: int = 1
) -> Predictions:
    """Predict every image of a split with the model.keras of a run.

    Args:
        run: A finished run or its directory.
        dataset: Other labelled images, as `--dataset` of train takes them; their classes must be
            among the run's. None: the images the run was made from, divided as in its split.csv.
        split: train, validation or test. None: test if there is one, else validation; of a data set
            that names no splits, all images.
        tta: Test-time augmentation: probabilities are the mean over each image and `tta - 1` views
            of it, changed as in training but for mixes, erasing and RandAugment. 1: images alone.

    Returns:
        Probabilities and truths; `keras_transfer.evaluation.metrics.score` makes numbers of them.

    Raises:
        ConfigError: The run, the images or the split cannot be used, or the run has no views.
    """
    from keras_transfer.data.run_examples import read_other_images, read_own_images

    run = run if isinstance(run, Run) else Run.open(run)
    config = load_config(run.config_file)
    whole = isinstance(tta, int) and not isinstance(tta, bool) and tta >= 1
    require(whole, "tta", "a whole number from 1", tta)
    if dataset is None:
        examples, plain = read_own_images(run, config, split)
    else:
        examples, plain = read_other_images(run, config, dataset, split)
    # other images of digits do not say that they are digits
    flips = examples.flips and config.dataset not in (None, "digits")
    augmentation = _choose_views(config.augment, flips, tta)
    import_tensorflow()
    import keras

    from keras_transfer.evaluation.inference import predict_splits
    from keras_transfer.images.batches import hold_split

    model = keras.models.load_model(run.model_file)
    name = str(examples.splits[0])
    data = hold_split(examples, config, model.input_shape[1], plain, augmentation)
    return predict_splits(model, data, [name], tta)


def _choose_views(config: AugmentConfig, flips: bool, tta: int) -> Augmentation:
    """Return how the views of test-time augmentation are changed."""
    augmentation = resolve_augmentation(config, flips).for_prediction()
    if tta > 1 and augmentation == Augmentation():
        raise ConfigError(
            "`tta` must be 1 where the run's augmentation has no views but mixes, erasing, "
            "RandAugment and flips of digits. "
            f"Received: {tta}, and {describe_augmentation(config)}."
        )
    return augmentation


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
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    predictions = evaluate_run(words.run, words.dataset, words.split, words.tta)
    from keras_transfer.evaluation.metrics import score
    from keras_transfer.evaluation.summary import describe_predictions

    print(describe_predictions(predictions))
    measured = {predictions.split_names[0]: score(predictions)["accuracy"]}
    return check_floor(measured, words.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
