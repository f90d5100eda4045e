"""Say what a training will take, of a data set or any number of images, before there is one."""

import dataclasses
import logging
from typing import Any

from keras_transfer.config.command_line import Parser
from keras_transfer.config.layers import SHORT_OPTIONS, merge_layers
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import is_count, require
from keras_transfer.data.sources.choose_source import KINDS
from keras_transfer.modalities.table import MODALITIES, name_modality, require_images
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.system.load_tensorflow import import_tensorflow, require_backend
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import add_json, print_json, reserving_output
from keras_transfer.system.terminal.visible_text import print_text
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import settle_strategy

SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)  # where nothing is named
LEAST, MOST = 100, 10**12  # images
FEWEST = 3  # of a data set: to learn from, and one for validation
SETTINGS = (
    *("backbone", "preprocess", "strategy", "domain", "weights", "data", "augment", "head"),
    *("frozen", "finetune", "cache"),
)  # of a training that an estimate has as well


def main(arguments: list[str]) -> int:
    """Run the command line."""
    config, words = _read_words(arguments)
    print_logs(logging.INFO)
    with reserving_output(words["json"]):
        said, answer = _estimate(config, words["images"], words["machines"])
        if not words["json"]:
            print_text(said)
    if words["json"]:
        print_json(answer)
    return 0


def _estimate(config: TrainConfig, sizes: list[int], machines: int) -> tuple[str, dict[str, Any]]:
    """Return what is said, and what `--json` prints.

    Args:
        config: Settings of the training; its data set, or None.
        sizes: Numbers of images. None: that of the data set, or several.
        machines: That share what divides.

    Raises:
        ConfigError: The settings or the data set cannot be used, and why.
    """
    config = settle_strategy(config)
    check_names(config)
    require_backend()
    examples = None
    if config.dataset is not None:
        examples = MODALITIES["image"].read_examples(config.source, config.data)
        count = len(examples.paths)
        require(count >= FEWEST, "dataset", f"{FEWEST} images or more", count)
    import_tensorflow()
    from keras_transfer.estimate.estimate_words import answer_forecasts, describe_forecasts
    from keras_transfer.estimate.forecast import find_limits, forecast, share_splits
    from keras_transfer.estimate.measured_costs import measure_costs

    sizes = sizes or ([len(examples.paths)] if examples else list(SIZES))
    measured = measure_costs(config, examples)
    shares = share_splits(config, examples)
    found = [forecast(config, measured, images, shares) for images in sizes]
    limits = find_limits(found[-1], machines)
    said = describe_forecasts(found, machines, limits)
    return said, answer_forecasts(found, machines, limits, measured.costs)


def _read_words(arguments: list[str]) -> tuple[TrainConfig, dict[str, Any]]:
    """Return the settings, and the words that are none: images, machines, json."""
    parser = Parser("estimate", __doc__)
    text = f"{KINDS} (default: drawn JPEGs of 500 x 375 pixels)"
    parser.add_argument("dataset", metavar="DATASET", nargs="?", help=text)
    several = ", ".join(f"{each:,}" for each in SIZES)
    text = f"Numbers of images, whatever the data set has (default: all of it, else {several})"
    parser.add_argument("--images", type=int, nargs="+", metavar="N", help=text)
    text = "Machines as this one that would share the passes which divide (default: 1)"
    parser.add_argument("--machines", type=int, metavar="N", help=text)
    for short in SHORT_OPTIONS:
        kind: Any = int | str if short == "epochs" else int
        words = " and ".join(f"--{field}" for field in SHORT_OPTIONS[short])
        parser.add_argument(f"--{short}", type=kind, help=f"Short for {words}.")
    add_json(parser, "Print")
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    parser.add_class_arguments(TrainConfig, as_group=False, skip=fields - {*SETTINGS})
    options = parser.parse_args(arguments, defaults=False).as_dict()
    own = {name: options.pop(name, None) for name in ("images", "machines", "json")}
    own["machines"] = 1 if own["machines"] is None else own["machines"]
    must = "a whole number from 1 to 1,000,000"
    require(is_count(own["machines"], most=1_000_000), "machines", must, own["machines"])
    for images in own["images"] or ():
        must = f"whole numbers from {LEAST:,} to {MOST:,}"
        require(LEAST <= images <= MOST, "images", must, images)
    if (dataset := options.get("dataset")) is None:
        options.pop("dataset", None)
    else:
        require_images(dataset, "dataset")
    config = merge_layers(options)
    kind = name_modality(config)
    require(kind == "image", "data.modality", "image, or left out", config.data.modality)
    takes = find_backbone(config.backbone, anew=True).takes
    require(takes == "images", "backbone", "that of a network for images", config.backbone)
    return config, own
