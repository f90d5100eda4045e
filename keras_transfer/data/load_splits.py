"""From a data set to splits: read, inspect, split, write down what was done."""

import dataclasses
import json
import logging
from collections import Counter

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.data_report import Report, build_report, list_mislabelled
from keras_transfer.data.examples import Examples
from keras_transfer.data.run_examples import list_images, require_unchanged
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.splits.assign_splits import SPLITS
from keras_transfer.data.splits.division import SPLIT_COLUMNS, Division, divide_images
from keras_transfer.images.augmentation.presets import resolve_augmentation
from keras_transfer.images.batches import ImageData, Split
from keras_transfer.run.run_directory import MOVED, Run
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def load_splits(config: TrainConfig, image_size: int, run: Run) -> ImageData:
    """Read the data set of `config`, divide it, and leave the record of it in the run.

    A run that was interrupted keeps its own images and splits, see `reload_splits`.

    Args:
        config: Its `dataset` names the data; `data.image_size` wins over the source's own size.
        image_size: The backbone's own size in pixels, taken where neither of them says one.
        run: Gets class_names.txt, split.csv and data_report.json.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    if run.read_plan():
        return reload_splits(config, run)
    divided = divide_images(config)
    _record(divided, run)
    examples, inspection, _, splits = divided
    size = config.data.image_size or examples.image_size or image_size
    return hold_splits(dataclasses.replace(examples, splits=splits), config, size, inspection.plain)


def hold_splits(
    examples: Examples, config: TrainConfig, image_size: int, plain: np.ndarray
) -> ImageData:
    """Return the images of all splits, ready to be batched; those without a split are left out."""
    rows = {name: np.flatnonzero(examples.splits == name) for name in SPLITS}
    return ImageData(
        root=examples.root,
        class_names=examples.class_names,
        splits={
            name: Split(paths=examples.paths[r], labels=examples.labels[r], plain=plain[r])
            for name, r in rows.items()
            if len(r)
        },
        image_size=image_size,
        batch_size=config.data.batch_size,
        resize=config.data.resize,
        augmentation=resolve_augmentation(config.augment, examples.flips),
        seed=config.seed,
    )


def reload_splits(config: TrainConfig, run: Run) -> ImageData:
    """Return the images of an interrupted run, which must be as they were.

    Images that came since are left out with a warning.

    Args:
        config: Resolved settings; the data set may have moved.
        run: Its split.csv lists the images.

    Raises:
        ConfigError: Images are gone, changed or labelled otherwise; some are named.
    """
    source = read_examples(config.dataset or "digits", config.data)
    listed = list_images(run, source)
    _compare_with_source(listed, source, run)
    plain = require_unchanged(listed, run, MOVED)
    counts = Counter(listed.splits.tolist())
    logger.info(
        "Data: %s, as split.csv has it; %s",
        listed.root,
        ", ".join(f"{counts[name]:,} {name}" for name in SPLITS if counts[name]),
    )
    assert config.data.image_size is not None  # resolved
    return hold_splits(listed, config, config.data.image_size, plain)


def _compare_with_source(listed: Examples, source: Examples, run: Run) -> None:
    """Refuse images with another label than they had; warn of those that came since."""
    names = [source.class_names[label] for label in source.labels]
    labels = dict(zip(source.paths.tolist(), names, strict=True))
    pairs = zip(listed.paths.tolist(), listed.labels.tolist(), strict=True)
    moved = [p for p, k in pairs if p in labels and labels[p] != listed.class_names[k]]
    if moved:
        raise ConfigError(
            f"The images of {source.root} must have the labels they had when the run began. "
            f"Received: {len(moved)} others, {moved[0]} is {labels[moved[0]]} now. Restore them, "
            "or train anew."
        )
    report = json.loads(run.data_report_file.read_text(encoding="utf-8"))
    known = {entry["path"] for entry in report["unusable"]}
    known |= {path for group in report["duplicates"] for path in group["paths"]}
    if added := sorted(labels.keys() - known - set(listed.paths.tolist())):
        logger.warning("Images that came since are left out: %d, such as %s", len(added), added[0])


def _record(divided: Division, run: Run) -> None:
    """Write class_names.txt, split.csv and data_report.json; log how many images there are."""
    examples, inspection, near, splits = divided
    report, names = build_report(examples, inspection, splits, near), examples.class_names
    run.write_text(run.class_names_file, "".join(f"{name}\n" for name in names))
    run.write_table(run.split_file, SPLIT_COLUMNS, divided.rows())
    run.write_json(run.data_report_file, report)
    counts = {name: int((splits == name).sum()) for name in SPLITS}
    logger.info(
        "Data: %s, %d classes; %s",
        examples.root,
        len(names),
        ", ".join(f"{count:,} {name}" for name, count in counts.items() if count),
    )
    _tell_findings(report)


def _tell_findings(report: Report) -> None:
    """Log what is odd and what occurs more than once; warn where that has several classes."""
    if odd := Counter(entry["kind"] for entry in report["odd"]):
        named = ", ".join(f"{count:,} {kind}" for kind, count in odd.most_common())
        logger.info("Odd, but used: %s (data_report.json)", named)
    kinds = [group["kind"] for group in report["duplicates"]]
    if kinds:
        logger.info(
            "Duplicates: %d groups of equal files, %d that look alike (data_report.json)",
            kinds.count("exact"),
            kinds.count("near"),
        )
    if wrong := list_mislabelled(report):
        pairs = zip(wrong[0]["paths"], wrong[0]["labels"], strict=True)
        example = ", ".join(f"{path} ({label})" for path, label in list(pairs)[:3])
        logger.warning("%d groups of duplicates have several classes: %s", len(wrong), example)
