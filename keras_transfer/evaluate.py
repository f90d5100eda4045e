"""Measure a finished run on its own or on other images: `python -m keras_transfer.evaluate RUN`."""

import logging
from pathlib import Path

from keras_transfer.accuracy_floor import add_floor, check_floor
from keras_transfer.command_line import PlainParser, load_config, run_command
from keras_transfer.predictions import SPLITS, Predictions
from keras_transfer.run import Run
from keras_transfer.start import import_tensorflow


def evaluate_run(
    run: Run | str | Path, dataset: str | None = None, split: str | None = None
) -> Predictions:
    """Predict every image of a split with the model.keras of a run.

    Args:
        run: A finished run or its directory.
        dataset: Other labelled images, as `--dataset` of train takes them; their classes must be
            among the run's. None: the images the run was made from, divided as in its split.csv.
        split: train, validation or test. None: test if there is one, else validation; of a data set
            that names no splits, all images.

    Returns:
        Probabilities and truths; `keras_transfer.analysis.metrics.score` makes numbers of them.

    Raises:
        ConfigError: The run, the images or the split cannot be used.
    """
    from keras_transfer.data.run_images import read_other_images, read_own_images

    run = run if isinstance(run, Run) else Run.open(run)
    config = load_config(run.config_file)
    if dataset is None:
        examples, plain = read_own_images(run, config, split)
    else:
        examples, plain = read_other_images(run, config, dataset, split)
    import_tensorflow()
    import keras

    from keras_transfer.data.pipeline import hold_split
    from keras_transfer.training.evaluation import predict_splits

    model = keras.models.load_model(run.model_file)
    name = str(examples.splits[0])
    data = hold_split(examples, config, model.input_shape[1], plain)
    return predict_splits(model, data, [name])


def main(arguments: list[str]) -> int:
    """Run the command line."""
    parser = PlainParser("evaluate", __doc__)
    parser.add_argument("run", metavar="RUN", help="a finished run directory")
    parser.add_argument("--dataset", help="other labelled images (default: the run's own)")
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} (default: test, else validation)")
    add_floor(parser)
    words = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    predictions = evaluate_run(words.run, words.dataset, words.split)
    from keras_transfer.analysis.metrics import score
    from keras_transfer.analysis.summary import describe_predictions

    print(describe_predictions(predictions))
    measured = {predictions.split_names[0]: score(predictions)["accuracy"]}
    return check_floor(measured, words.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
