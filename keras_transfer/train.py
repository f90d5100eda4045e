"""Train one image classifier from a pretrained backbone: `python -m keras_transfer.train`."""

import dataclasses
import functools
import logging
from typing import TYPE_CHECKING, Any

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine, add_engine, choose_engine
from keras_transfer.config.command_line import build_parser, run_command
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import Policy, TrainConfig
from keras_transfer.config.validation import require
from keras_transfer.data.modality import Keeping
from keras_transfer.evaluation.accuracy_floor import check_floor
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.list_backbones import OTHERS, list_backbones
from keras_transfer.models.backbones.preprocess_choice import tell_network
from keras_transfer.run.load_settings import parse_words
from keras_transfer.run.resuming import begin_run
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow, require_backend
from keras_transfer.system.packages import require_package
from keras_transfer.system.signals import stoppable
from keras_transfer.system.terminal.notebook import show_images
from keras_transfer.system.terminal.open_page import open_page
from keras_transfer.system.terminal.script_output import (
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import print_text
from keras_transfer.tracking.loggers import check_logger
from keras_transfer.training.adaptation.methods import check_adaptation
from keras_transfer.training.given.given_parts import GivenParts, tell_given
from keras_transfer.training.plan.backbone_input import find_input, settle_backbone
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import check_steps, plan_phases, settle_strategy

if TYPE_CHECKING:
    import keras

    from keras_transfer.data.training_data import TrainingData
    from keras_transfer.models.weights.pretrained_weights import Weights
    from keras_transfer.run.history import History
    from keras_transfer.tracking.tracker import Tracker
    from keras_transfer.training.plan.training_parts import Training

SCRATCH_SAID = (
    "Nobody has pretrained %s: --strategy %s, in the place of %s, which --weights none would keep"
)
SHOWN_IMAGES, SHOWN_VIEWS = 4, 12  # in augmentation.png
FIGURE_WIDTH = 600  # pixels of a figure in a notebook

logger = logging.getLogger("keras_transfer.train")  # __name__ is "__main__" as a command


def fine_tune(
    config: TrainConfig, given: GivenParts | None = None, engine: Engine = THIS_PROCESS
) -> Run:
    """Train one model as `config` says and leave everything in its run directory.

    Args:
        config: See `TrainConfig`; every `auto` in it is resolved and written to config.yaml. To go
            on with an interrupted run: `load_config(resume=RUN)`.
        given: Parts that are Python objects; a run goes on with those it began with.
        engine: Where what is kept of the locked layers is computed. It changes no number, so it is
            no setting.

    Returns:
        The finished run.

    Raises:
        ConfigError: A setting or the data set cannot be used, and why.
    """
    given = given or GivenParts()
    asked, config = config, settle_strategy(settle_backbone(given.settle(config)))
    check_names(config)
    check_logger(config)
    if not engine.is_here:
        require_package("--engine ray", "ray", "ray")  # before anything is read
    run, begun = begin_run(config, given.names())
    with run.recording(config.quiet):
        if config.resume:
            begins = "No interrupted run has these settings, so a new one begins"
            logger.info("%s: %s", begins if run.is_new else "Going on with", run.path)
        if config.dataset is None and run.is_new:
            logger.info("No --dataset given: training on scikit-learn's handwritten digits")
        if config.backbone != asked.backbone:
            logger.info("Texts: --backbone %s, as none is asked for", config.backbone)
        if config.strategy != asked.strategy:
            logger.info(SCRATCH_SAID, config.backbone, config.strategy, asked.strategy)
        tell_given(given, run)
        _train(begun, given, run, engine)
        if not config.quiet:
            _show_figures(run)
    return run


def _train(config: TrainConfig, given: GivenParts, run: Run, engine: Engine) -> None:
    from keras_transfer.data.load_splits import load_splits
    from keras_transfer.training.cache.budget import allocate_examples
    from keras_transfer.training.plan.begun_weights import choose_weights

    row = find_backbone(config.backbone)
    modality = choose_modality(config)
    require_backend()
    tell_network(config.backbone, row, config.preprocess)
    weights = choose_weights(config, run)
    if weights.warning:
        logger.warning("%s", weights.warning)
    run.stopwatch.lap("start")
    keeping = Keeping(
        config, row.image_size, functools.partial(allocate_examples, config.cache, run)
    )
    examples, findings = load_splits(config, modality, run, keeping)
    run.stopwatch.lap("data")
    import_tensorflow()  # what is wrong with the data set is told by now
    from keras_transfer.evaluation.reports.leave_reports import leave_reports
    from keras_transfer.evaluation.reports.summary import summarize_run
    from keras_transfer.tracking.tracker import tracking
    from keras_transfer.training import devices
    from keras_transfer.training.explain_faults import explain_faults

    policy = devices.prepare(config, run)
    run.stopwatch.lap("start")
    taken = modality.keep_input(find_input(row, weights, run), run.path)
    data = modality.hold_splits(examples, config, taken, findings)
    if given.augmentation is not None:
        data, warning = data.with_augmentation(given.augmentation, given.names()["augmentation"])
        if warning:
            logger.warning("%s", warning)
    run.stopwatch.lap("data")
    with tracking(run, config.logger) as tracker, explain_faults(data, run):
        with devices.sharing(data, policy, config):
            facts, measured = _fit(config, given, policy, weights, data, tracker, engine)
        leave_reports(run, data, facts, *measured)
        logger.info("%s", summarize_run(run))
    if weights.warning:
        logger.warning("%s", weights.warning)


def _fit(
    config: TrainConfig,
    given: GivenParts,
    policy: Policy,
    weights: "Weights",
    data: "TrainingData",
    tracker: "Tracker",
    engine: Engine,
) -> tuple[dict[str, Any], tuple["keras.Model", "History", float | None]]:
    """Plan, train and leave the model; return entries of metrics.json, and what others need."""
    from keras_transfer.data.same_files.lost_examples import find_lost
    from keras_transfer.evaluation.reports.leave_model import leave_model
    from keras_transfer.training.cache.kept_examples import keep_decoded
    from keras_transfer.training.run_phases import run_phases

    run = tracker.run
    training, reason = _plan(config, given, policy, weights, data, run, engine)
    training = dataclasses.replace(training, watchers=tracker.begin())
    run.stopwatch.lap("model")
    training = keep_decoded(training)
    run.stopwatch.lap("images")
    if data.novelty != "none" and not find_lost(data, run, ["train"]):
        _draw_views(training)  # now, so that it can be looked at during the training
        run.stopwatch.lap("figures")
    outcome = run_phases(training)
    facts = {
        "backbone": training.config.backbone,
        **({"backbone_sha256": network} if (network := training.row.file_sha256) else {}),
        "strategy": training.config.strategy,
        **({"strategy_reason": reason} if reason else {}),
        "weights": weights.kind,
        "weights_sha256": weights.sha256,
        **({"weights_origin": weights.origin} if weights.origin else {}),
        "kept_phase": outcome.history.kept_phase,
        "cache": {"reused": outcome.cache_is_reused},
        **({"given": given.names()} if given.names() else {}),
        "parameters": outcome.parameters,
    }
    left = leave_model(training, outcome)
    run.stopwatch.lap("finish")
    return facts | left.facts, (left.model, outcome.history, left.temperature)


def _plan(
    config: TrainConfig,
    given: GivenParts,
    policy: Policy,
    weights: "Weights",
    data: "TrainingData",
    run: Run,
    engine: Engine,
) -> tuple["Training", str]:
    """Settle what is `auto`, build the model, and decide what is kept; why the strategy is it."""
    from keras_transfer.models.low_rank import add_matrices
    from keras_transfer.models.run_model import build_classifier
    from keras_transfer.training.adaptation.domain_part import begin_task
    from keras_transfer.training.adaptation.target_images import read_target
    from keras_transfer.training.cache.cache_plan import plan_cache
    from keras_transfer.training.class_weights import tell_weights
    from keras_transfer.training.cost.training_cost import announce
    from keras_transfer.training.given.given_head import build_head
    from keras_transfer.training.plan import auto_settings, recorded_plan
    from keras_transfer.training.plan.training_parts import Training

    row, begun = find_backbone(config.backbone), config
    tell_weights(config.data, data.class_names)
    config, reason = auto_settings.resolve_strategy(config, data, run)
    auto_settings.warn_of_ignored(config, reason)
    config = auto_settings.resolve_auto(config, row, data, weights.kind, policy)
    auto_settings.warn_of_forgetting(config, row)
    target = read_target(config, run, data) if config.adapt.target else None
    make_head = given.head and functools.partial(build_head, given.head)
    model = build_classifier(config, data.class_names, weights, make_head)
    if config.strategy == "lora":
        add_matrices(model.get_layer("backbone"), config)
    phases = plan_phases(config, row)
    check_steps(phases, data.steps, config.optimizer.accumulate)
    check_adaptation(config, [phase.first_learning for phase in phases])
    training = Training(
        model=model,
        phases=phases,
        data=data,
        config=config,
        run=run,
        given=given,
        target=target,
        domains=begin_task(model, config),
        engine=engine,
    )
    cache = recorded_plan.recall_plan(training) or plan_cache(training)
    training = dataclasses.replace(training, cache=cache)
    recorded_plan.record_plan(training, begun, weights, reason)
    announce(training)
    return training, reason


def _show_figures(run: Run) -> None:
    """Show in a notebook how the training went and what it confuses."""
    names = "learning_curves.png", "confusion_matrix.png"
    show_images([run.figures / name for name in names], FIGURE_WIDTH)


def _draw_views(training: "Training") -> None:
    from keras_transfer.evaluation.figures.draw_figures import draw_augmentation

    views = training.data.sample_views(SHOWN_IMAGES, SHOWN_VIEWS)
    said = choose_modality(training.config).describe_views(training.config)
    said = training.given.names().get("augmentation", said)
    draw_augmentation(training.run, said, *views)


def read_options(arguments: list[str]) -> tuple[TrainConfig, Engine]:
    """Return the settings that words say, and where what is kept is computed.

    Raises:
        ConfigError: A word is no option, or a value does not fit.
    """
    parser = build_parser("train", add_more=functools.partial(add_engine, word="Workers"))
    config, own = parse_words(parser, arguments, {"engine": THIS_PROCESS.name, "workers": None})
    return config, choose_engine(own["engine"], own["workers"])


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if any(word in ("--list_backbones", "--list_backbones=true") for word in arguments):
        columns, *rows = list_backbones()
        less = "layers", "learns from", "weights", "input"
        where = "in a wider terminal"
        print_text(draw_table(columns, rows, whole=columns, drop=less, where=where))
        print_text(OTHERS)
        return 0
    as_json, opens = "--json" in arguments, "--open" in arguments
    with stoppable():
        config, engine = read_options(arguments)
        require(config.report == "auto" or not opens, "report", "auto with --open", config.report)
        with reserving_output(as_json or config.quiet):
            run = fine_tune(config, engine=engine)
    if as_json:
        from keras_transfer.evaluation.reports.json_answers import answer_training

        print_json(answer_training(run))
    elif config.quiet:
        print_path(run.path)
    if opens:
        open_page(run.report_file)
    splits = run.metrics()["splits"]
    split = choose_split(splits)
    return check_floor({split: splits[split]["accuracy"]}, config.assert_accuracy_at_least)


if __name__ == "__main__":
    run_command(main)
