"""Train one image classifier in two phases: `python -m keras_transfer.train`."""

import importlib.util
import logging
import math
from typing import TYPE_CHECKING, Any

from keras_transfer.accuracy_floor import check_floor
from keras_transfer.command_line import build_parser, dump_config, parse_config, run_command
from keras_transfer.config import ConfigError, Policy, TrainConfig
from keras_transfer.data.presets import AUGMENTATIONS
from keras_transfer.data.sources import choose_source
from keras_transfer.models.backbones import BACKBONES, find_boundary, list_backbones
from keras_transfer.registry import lookup
from keras_transfer.run import Run
from keras_transfer.start import import_tensorflow
from keras_transfer.tables import draw_table
from keras_transfer.training.strategies import STRATEGIES, plan_phases

if TYPE_CHECKING:
    import keras

    from keras_transfer.data.pipeline import ImageData
    from keras_transfer.models.weights import Weights

logger = logging.getLogger("keras_transfer.train")  # __name__ is "__main__" as a command


def fine_tune(config: TrainConfig) -> Run:
    """Train one model as `config` says and leave everything in a new run directory.

    Args:
        config: See `TrainConfig`; every `auto` in it is resolved and written to config.yaml.

    Returns:
        The finished run.

    Raises:
        ConfigError: A setting or the data set cannot be used, and why.
    """
    check_names(config)
    run = Run.create(config)
    with run.recording(config.quiet):
        if config.dataset is None:
            logger.info("No --dataset given: training on scikit-learn's handwritten digits")
        _train(config, run)
    return run


def _train(config: TrainConfig, run: Run) -> None:
    import_tensorflow()
    from keras_transfer.data.loading import load_splits
    from keras_transfer.models.weights import find_weights
    from keras_transfer.training import precision
    from keras_transfer.training.cache_plan import plan_cache
    from keras_transfer.training.defaults import resolve_auto
    from keras_transfer.training.estimate import announce
    from keras_transfer.training.frozen_cache import keep_images
    from keras_transfer.training.model import build_classifier
    from keras_transfer.training.phases import memory_errors, run_phases

    row = BACKBONES[config.backbone]
    policy = _prepare_machine(config, run)
    weights = find_weights(config.backbone, row, config.weights)
    if weights.warning:
        logger.warning("%s", weights.warning)
    run.lap("start")
    data = load_splits(config, row.image_size, run)
    run.lap("data")
    with (
        precision.distribution(data),
        precision.precision(policy),
        precision.seeded(config.seed),
        memory_errors(data),
    ):
        config = resolve_auto(config, row, data, weights.kind, policy)
        model = build_classifier(config, data.class_names, weights)
        phases = plan_phases(config, row)
        plan = plan_cache(model, phases, data, config, run)
        run.write_text(run.config_file, dump_config(plan.settle(config)))
        announce(model, phases, data, plan, config)
        run.lap("model")
        data = keep_images(data, plan, run)
        run.lap("images")
        kept = run_phases(model, phases, data, plan, config, run)
        parameters = _count_parameters(model)
        temperature = _finish(model, config, data, run)
        run.lap("finish")
    facts = _describe(config, weights) | {"kept_phase": kept, "parameters": parameters}
    _report(run, data, facts, temperature)
    if weights.warning:
        logger.warning("%s", weights.warning)


def _prepare_machine(config: TrainConfig, run: Run) -> Policy:
    """Set GPUs up, leave environment.json, and return the precision policy."""
    from keras_transfer.training import precision
    from keras_transfer.training.environment import describe_environment

    precision.grow_gpu_memory()
    policy = precision.resolve_precision(config.precision)
    run.write_json(run.environment_file, describe_environment(config.seed))
    return policy


def _finish(model: "keras.Model", config: TrainConfig, data: "ImageData", run: Run) -> float | None:
    """Leave model.keras and what it says of each image; return the temperature, if it got one."""
    from keras_transfer.training.calibration import calibrate
    from keras_transfer.training.evaluation import predict_splits, write_predictions
    from keras_transfer.training.model import rebuild_float32, save_model

    model, temperature = rebuild_float32(model, config, data.class_names), None
    if config.calibrate:
        temperature = calibrate(model, predict_splits(model, data, ["validation"]))
    save_model(model, run)
    write_predictions(model, data, run)
    return temperature


def _report(run: Run, data: "ImageData", facts: dict[str, Any], temperature: float | None) -> None:
    """Draw the figures, write metrics.json, which ends the run, and say how it went."""
    from keras_transfer.analysis.model_card import write_model_card
    from keras_transfer.analysis.summary import draw_figures, measure_run, summarize_run

    draw_figures(run, data.root)
    run.lap("figures")
    metrics = facts | measure_run(run, temperature) | {"seconds": run.count_seconds()}
    write_model_card(run, metrics)
    run.finish(metrics)
    logger.info("%s", summarize_run(run))


def check_names(config: TrainConfig) -> None:
    """Look up every name in `config` before TensorFlow is loaded or anything is downloaded.

    Raises:
        ConfigError: A name is unknown (close ones are listed), there is no such data set, or the
            freeze boundary is out of range.
    """
    row = lookup(BACKBONES, "backbone", config.backbone)
    find_boundary(config.backbone, row, config.finetune.locked_layers)
    lookup(STRATEGIES, "strategy", config.strategy)
    choose_source(config.dataset or "digits")
    lookup(AUGMENTATIONS, "augment.preset", config.augment.preset)
    if config.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise ConfigError(
            "`tensorboard` must be installed to be logged to. Received: no such package. "
            "Run: pip install tensorboard"
        )


def _describe(config: TrainConfig, weights: "Weights") -> dict[str, Any]:
    """Return the entries of metrics.json that are known before the training."""
    return {
        "backbone": config.backbone,
        "strategy": config.strategy,
        "weights": weights.kind,
        "weights_sha256": weights.sha256,
    }


def _count_parameters(model: Any) -> dict[str, int]:
    """Return how many numbers the model has, and how many learned in the last phase."""
    return {
        "total": model.count_params(),
        "trainable": sum(math.prod(variable.shape) for variable in model.trainable_variables),
    }


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if any(word in ("--list_backbones", "--list_backbones=true") for word in arguments):
        columns, *rows = list_backbones()
        print(draw_table(columns, rows))
        return 0
    config = parse_config(build_parser("train"), arguments)
    splits = fine_tune(config).metrics()["splits"]
    split = "test" if "test" in splits else "validation"
    return check_floor({split: splits[split]["accuracy"]}, config.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
