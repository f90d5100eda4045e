"""Train one image classifier from a pretrained backbone: `python -m keras_transfer.train`."""

import logging
import math
from typing import TYPE_CHECKING, Any

from keras_transfer.config.command_line import build_parser, run_command
from keras_transfer.config.train_config import Policy, TrainConfig
from keras_transfer.evaluation.accuracy_floor import check_floor
from keras_transfer.images.augmentation.presets import Augmentation, describe_augmentation
from keras_transfer.models.backbones import BACKBONES, list_backbones
from keras_transfer.run.load_settings import parse_config
from keras_transfer.run.resuming import begin_run
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.signals import stoppable
from keras_transfer.system.text_tables import draw_table
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import check_steps, plan_phases

if TYPE_CHECKING:
    import keras

    from keras_transfer.images.batches import ImageData
    from keras_transfer.models.weights.pretrained_weights import Weights

SHOWN_IMAGES, SHOWN_VIEWS = 4, 12  # in augmentation.png

logger = logging.getLogger("keras_transfer.train")  # __name__ is "__main__" as a command


def fine_tune(config: TrainConfig) -> Run:
    """Train one model as `config` says and leave everything in its run directory.

    Args:
        config: See `TrainConfig`; every `auto` in it is resolved and written to config.yaml. To go
            on with an interrupted run: `load_config(resume=RUN)`.

    Returns:
        The finished run.

    Raises:
        ConfigError: A setting or the data set cannot be used, and why.
    """
    check_names(config)
    run, begun = begin_run(config)
    with run.recording(config.quiet):
        if config.resume:
            logger.info("%s: %s", "A new run" if run.is_new else "Going on with", run.path)
        if config.dataset is None and run.is_new:
            logger.info("No --dataset given: training on scikit-learn's handwritten digits")
        _train(begun, run)
    return run


def _train(config: TrainConfig, run: Run) -> None:
    import_tensorflow()
    from keras_transfer.data.load_splits import load_splits
    from keras_transfer.models import precision
    from keras_transfer.training import devices
    from keras_transfer.training.explain_faults import explain_faults
    from keras_transfer.training.plan.recorded_plan import choose_weights

    policy = _prepare_machine(config, run)
    weights = choose_weights(config, run)
    if weights.warning:
        logger.warning("%s", weights.warning)
    run.lap("start")
    data = load_splits(config, BACKBONES[config.backbone].image_size, run)
    run.lap("data")
    with explain_faults(data, run):
        with (
            devices.distribution(data),
            precision.precision(policy),
            precision.seeded(config.seed),
        ):
            devices.require_one_device(config.optimizer.accumulate)
            facts, temperature = _fit(config, policy, weights, data, run)
        _report(run, data, facts, temperature)
    if weights.warning:
        logger.warning("%s", weights.warning)


def _fit(
    config: TrainConfig, policy: Policy, weights: "Weights", data: "ImageData", run: Run
) -> tuple[dict[str, Any], float | None]:
    """Plan, train and leave the model; return entries of metrics.json, and the temperature."""
    from keras_transfer.models.classifier import build_classifier
    from keras_transfer.training.cache.cache_plan import plan_cache
    from keras_transfer.training.cache.kept_images import keep_images
    from keras_transfer.training.plan.auto_settings import (
        resolve_auto,
        resolve_strategy,
        warn_of_ignored,
    )
    from keras_transfer.training.plan.estimate import announce
    from keras_transfer.training.plan.recorded_plan import recall_plan, record_plan
    from keras_transfer.training.run_phases import run_phases

    row, given = BACKBONES[config.backbone], config
    config, reason = resolve_strategy(config, data, run)
    warn_of_ignored(config, reason)
    config = resolve_auto(config, row, data, weights.kind, policy)
    model = build_classifier(config, data.class_names, weights)
    phases = plan_phases(config, row)
    check_steps(phases, data.steps, config.optimizer.accumulate)
    plan = recall_plan(model, phases, data, config, run)
    plan = plan or plan_cache(model, phases, data, config, run)
    record_plan(run, given, config, weights, plan, reason)
    announce(model, phases, data, plan, config)
    run.lap("model")
    data = keep_images(data, plan, run)
    run.lap("images")
    if data.augmentation != Augmentation():
        _draw_views(config, run, data)  # now, so that it can be looked at during the training
        run.lap("figures")
    kept = run_phases(model, phases, data, plan, config, run)
    facts = _describe(config, weights, reason) | {
        "kept_phase": kept,
        "parameters": _count_parameters(model),
    }
    temperature = _finish(model, config, data, run)
    run.lap("finish")
    return facts, temperature


def _prepare_machine(config: TrainConfig, run: Run) -> Policy:
    """Set GPUs up, leave environment.json, and return the precision policy."""
    from keras_transfer.run.environment import record_environment
    from keras_transfer.training import devices

    devices.grow_gpu_memory()
    record_environment(run, config.seed)
    return devices.resolve_precision(config.precision)


def _finish(model: "keras.Model", config: TrainConfig, data: "ImageData", run: Run) -> float | None:
    """Leave model.keras and what it says of each image; return the temperature, if it got one."""
    from keras_transfer.evaluation.calibration import calibrate
    from keras_transfer.evaluation.inference import predict_splits, write_predictions
    from keras_transfer.models.classifier import rebuild_float32, save_model

    model, temperature = rebuild_float32(model, config, data.class_names), None
    if config.calibrate:
        temperature = calibrate(model, predict_splits(model, data, ["validation"]))
    save_model(model, run)
    write_predictions(model, data, run)
    return temperature


def _report(run: Run, data: "ImageData", facts: dict[str, Any], temperature: float | None) -> None:
    """Draw the figures, write metrics.json, which ends the run, and say how it went."""
    from keras_transfer.evaluation.figures.draw_figures import draw_figures
    from keras_transfer.evaluation.model_card import write_model_card
    from keras_transfer.evaluation.summary import measure_run, summarize_run

    draw_figures(run, data.root)
    run.lap("figures")
    metrics = facts | measure_run(run, temperature) | {"seconds": run.count_seconds()}
    write_model_card(run, metrics)
    run.finish(metrics)
    logger.info("%s", summarize_run(run))


def _draw_views(config: TrainConfig, run: Run, data: "ImageData") -> None:
    from keras_transfer.evaluation.figures.draw_figures import draw_augmentation

    views = data.sample_views(SHOWN_IMAGES, SHOWN_VIEWS)
    draw_augmentation(run, describe_augmentation(config.augment), *views)


def _describe(config: TrainConfig, weights: "Weights", reason: str) -> dict[str, Any]:
    """Return the entries of metrics.json that are known before the training."""
    return {
        "backbone": config.backbone,
        "strategy": config.strategy,
        **({"strategy_reason": reason} if reason else {}),
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
    with stoppable():
        config = parse_config(build_parser("train"), arguments)
        splits = fine_tune(config).metrics()["splits"]
    split = "test" if "test" in splits else "validation"
    return check_floor({split: splits[split]["accuracy"]}, config.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
