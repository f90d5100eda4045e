"""Look for what is wrong with a data set: `python -m keras_transfer.check FOLDER`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.cluster.block_engines import (
    HERE,
    THIS_PROCESS,
    Engine,
    add_engine,
    choose_engine,
)
from keras_transfer.config.command_line import Parser, run_command
from keras_transfer.config.layers import merge_layers
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.sources.choose_source import KINDS
from keras_transfer.modalities.table import choose_modality, name_dataset, name_modality
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import add_json, print_json, reserving_output
from keras_transfer.system.terminal.visible_text import print_text

if TYPE_CHECKING:
    from keras_transfer.evaluation.domain_gap.set_gap import SetGap


def check_dataset(
    dataset: Any, data: DataConfig | None = None, against: Any = None
) -> dict[str, Any]:
    """Inspect every file of a data set and search it for duplicates; nothing is changed.

    Args:
        dataset: A folder, a labels.csv, `hf:NAME` …, as `--dataset` of train takes it; or what
            `keras_transfer.modalities.table.name_dataset` does.
        data: Settings that a training would have. None: the defaults.
        against: Another data set, or a folder or pattern of images without labels: how far the
            two are apart is measured, which takes TensorFlow. None: nothing is.

    Returns:
        The content of data_report.json; see `keras_transfer.data.data_report.build_report`. Its
        splits are those that the data set gives. And `refusal`: why training refuses the data set,
        "" if it does not. And `gap` with `against`, see `DomainGap`.

    Raises:
        ConfigError: There is no such data set, or it is no image classification data.
    """
    return _check(dataset, data or DataConfig(), against)[0]


def _check(
    dataset: Any, data: DataConfig, against: Any, engine: Engine = THIS_PROCESS
) -> tuple[dict[str, Any], "SetGap | None"]:
    """Return what `check_dataset` returns, and the gap to another data set if one is named."""
    from keras_transfer.data.data_report import NOTHING, build_report
    from keras_transfer.data.divided_examples import inspect_examples, judge_examples
    from keras_transfer.data.sources.image_sets import list_set, set_of_examples

    config = TrainConfig(dataset=name_dataset(dataset, data.modality), data=data)
    modality = choose_modality(config)
    if modality.noun == "text" and not engine.is_here:
        raise ConfigError(
            f"`engine` must be {HERE} where the examples are texts, which are looked at in memory. "
            f"Received: {engine.name}. Leave --engine out."
        )
    target = None  # a wrong one is told before the work
    if against is not None:
        target = list_set(name_dataset(against, name_modality(config)), data, modality)
    examples = modality.read_examples(config.source, config.data)
    inspected = inspect_examples(examples, config, modality, engine=engine)
    refusal, left_out = "", NOTHING
    try:
        left_out = judge_examples(inspected, config).left_out
    except ConfigError as error:
        refusal = str(error)
    report = build_report(*inspected, examples.splits, left_out) | {"refusal": refusal}
    if target is None:
        return report, None
    from keras_transfer.evaluation.domain_gap.set_gap import measure_set_gap

    source = set_of_examples(config.source, examples)
    gap = measure_set_gap(source.take(inspected.findings.usable), target, data, modality)
    return report | {"gap": gap.as_json()}, gap


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if a file is unusable, leaks or has several classes."""
    from keras_transfer.data.data_report import describe_report, list_leaks, list_mislabelled

    dataset, against, file, as_json, data, engine = _read_words(arguments)
    print_logs()
    with reserving_output(as_json):
        report, gap = _check(dataset, data, against, engine)
    if file:
        _write_report(file, report)
    wrong = report["unusable"], list_leaks(report), list_mislabelled(report), report["refusal"]
    if as_json:
        print_json(report | {"ok": not any(wrong)})
    else:
        modality = choose_modality(TrainConfig(dataset=dataset, data=data))
        print_text(describe_report(report, modality))
        if gap:
            print_text(gap.describe())
    return int(any(wrong))


def _read_words(
    arguments: list[str],
) -> tuple[str, str | None, Path | None, bool, DataConfig, Engine]:
    """Return both data sets, the file for the report, whether to print JSON, settings, engine."""
    parser = Parser("check", __doc__)
    parser.add_argument("dataset", metavar="FOLDER", help=KINDS)
    text = "Measure how far this other data set is, which may lack labels, as a network sees both"
    parser.add_argument("--against", type=str, metavar="FOLDER", help=text)
    parser.add_argument("--report", type=Path, metavar="FILE", help="Write what was found as JSON")
    add_json(parser, "Print")
    add_engine(parser, "Workers", on_gpu=False)
    parser.add_class_arguments(DataConfig, "data")
    words = parser.parse_args(arguments, defaults=False).as_dict()
    file: Path | None = words.get("report")
    if file and (file.is_dir() or not file.parent.is_dir()):
        raise ConfigError(f"`report` must be a file in a folder. Received: {file}.")
    data = merge_layers({"data": words.get("data", {})}).data
    engine = choose_engine(words.get("engine", HERE), words.get("workers"))
    return words["dataset"], words.get("against"), file, bool(words.get("json")), data, engine


def _write_report(file: Path, report: dict[str, Any]) -> None:
    try:
        with replacing(Path(os.path.realpath(file))) as temporary:  # /dev/stdout is a link
            temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigError(
            f"`report` must be a file that can be written. Received: {file} ({error.strerror})."
        ) from error


if __name__ == "__main__":
    run_command(main)
