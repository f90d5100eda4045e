"""Look for what is wrong with a data set: `python -m keras_transfer.check FOLDER`."""

import json
from pathlib import Path
from typing import Any

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.modalities.table import choose_modality
from keras_transfer.system.atomic_files import replacing
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.visible_text import print_text


def check_dataset(dataset: str | Path) -> dict[str, Any]:
    """Inspect every file of a data set and search it for duplicates; nothing is changed.

    Args:
        dataset: A folder, a labels.csv, `tfds:NAME` or `digits`, as `--dataset` of train takes it.

    Returns:
        The content of data_report.json; see `keras_transfer.data.data_report.build_report`. Its
        splits are those that the data set gives.

    Raises:
        ConfigError: There is no such data set, or it is no image classification data.
    """
    from keras_transfer.data.data_report import build_report

    config = TrainConfig(dataset=str(dataset))
    modality = choose_modality(config)
    examples = modality.read_examples(config.source, config.data)
    findings = modality.inspect(examples)
    near = modality.link_alike(examples, findings)
    return build_report(examples, findings, examples.splits, near)


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if a file is unusable, leaks or has several classes."""
    from keras_transfer.data.data_report import describe_report, list_leaks, list_mislabelled

    parser = PlainParser("check", __doc__)
    parser.add_argument("dataset", metavar="FOLDER", help="or a labels.csv, tfds:NAME, digits")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found as JSON")
    words = parser.parse_args(arguments)
    if words.report and (words.report.is_dir() or not words.report.parent.is_dir()):
        raise ConfigError(f"`report` must be a file in a folder. Received: {words.report}.")
    print_logs()
    report = check_dataset(words.dataset)
    if words.report:
        _write_report(words.report, report)
    print_text(describe_report(report, choose_modality(TrainConfig(dataset=words.dataset))))
    return int(bool(report["unusable"] or list_leaks(report) or list_mislabelled(report)))


def _write_report(file: Path, report: dict[str, Any]) -> None:
    try:
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigError(
            f"`report` must be a file that can be written. Received: {file} ({error.strerror})."
        ) from error


if __name__ == "__main__":
    run_command(main)
