"""From a data set to splits: read, inspect, split, write down what was done."""

import logging
from collections import Counter

import numpy as np

from keras_transfer.config import ConfigError, TrainConfig
from keras_transfer.data.doctor import Inspection, inspect_files, name_unusable
from keras_transfer.data.duplicates import NO_LINKS, link_alike
from keras_transfer.data.examples import Examples
from keras_transfer.data.pins import read_split_file
from keras_transfer.data.pipeline import ImageData, Split
from keras_transfer.data.presets import AUGMENTATIONS
from keras_transfer.data.report import Report, build_report, list_mislabelled
from keras_transfer.data.sources import load_examples
from keras_transfer.data.splits import SPLITS, assign_splits
from keras_transfer.run import Run

logger = logging.getLogger(__name__)


def load_splits(config: TrainConfig, image_size: int, run: Run) -> ImageData:
    """Read the data set of `config`, divide it, and leave the record of it in the run.

    Args:
        config: Its `dataset` names the data; `data.image_size` wins over the source's own size.
        image_size: The backbone's own size in pixels, taken where neither of them says one.
        run: Gets class_names.txt, split.csv and data_report.json.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    if config.data.split_file:
        read_split_file(config.data.split_file)  # a wrong one is told before the long work
    examples = load_examples(config.dataset or "digits", config.data)
    inspection = inspect_files(examples)
    _leave_out(examples, inspection, config.data.on_bad_file)
    ignored = config.data.near_duplicates == "ignore"
    near = NO_LINKS if ignored else link_alike(examples, inspection)
    contents = np.where(inspection.usable, inspection.sha256, "")
    splits = assign_splits(examples, contents, config.data, near)
    report = build_report(examples, inspection, splits, near)
    _record(examples, inspection.sha256, splits, report, run)
    size = config.data.image_size or examples.image_size or image_size
    rows = {name: np.flatnonzero(splits == name) for name in SPLITS}
    return ImageData(
        root=examples.root,
        class_names=examples.class_names,
        splits={
            name: Split(
                paths=examples.paths[r], labels=examples.labels[r], plain=inspection.plain[r]
            )
            for name, r in rows.items()
            if len(r)
        },
        image_size=size,
        batch_size=config.data.batch_size,
        resize=config.data.resize,
        augmentation=AUGMENTATIONS[config.augment.preset],
        flips=examples.flips,
        seed=config.seed,
    )


def _leave_out(examples: Examples, inspection: Inspection, on_bad_file: str) -> None:
    """Warn of the files that cannot be read, or refuse them."""
    bad = np.flatnonzero(~inspection.usable)
    named = name_unusable(examples, inspection, bad)
    if len(bad) and on_bad_file == "error":
        raise ConfigError(
            f"Every file must be a readable image. Received: {len(bad)} that are not: {named}. "
            "Remove them, or leave them out with --data.on_bad_file skip."
        )
    if len(bad):
        logger.warning("%d unreadable files are left out: %s", len(bad), named)


def _record(
    examples: Examples, sha256: np.ndarray, splits: np.ndarray, report: Report, run: Run
) -> None:
    """Write class_names.txt, split.csv and data_report.json; log how many images there are."""
    names = examples.class_names
    run.write_text(run.class_names_file, "".join(f"{name}\n" for name in names))
    used = np.flatnonzero(splits != "")
    columns = examples.paths, sha256, examples.labels, splits
    rows = ((p, h, names[k], s) for p, h, k, s in zip(*(c[used] for c in columns), strict=True))
    run.write_table(run.split_file, ("path", "sha256", "class", "split"), rows)
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
