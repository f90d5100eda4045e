"""Export a finished run for servers and phones: `python -m keras_transfer.export RUN`."""

import argparse
import contextlib
import dataclasses
import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.messages import count_of, say_bytes
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.same_files.moved_sources import check_source
from keras_transfer.evaluation.accuracy_floor import add_floor, check_floor
from keras_transfer.evaluation.certainty.decision_numbers import write_decisions
from keras_transfer.evaluation.reports.model_card import write_model_card
from keras_transfer.exports.exporter_row import Exporter, Source
from keras_transfer.exports.exporters import EXPORTERS, FORMATS, TFLITE, choose_exporters
from keras_transfer.modalities.table import choose_modality, name_dataset, name_modality
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import DISK_ERRORS
from keras_transfer.system.files.locks import claim, is_abandoned
from keras_transfer.system.files.ownership import OWNER, is_marked
from keras_transfer.system.load_tensorflow import hushed, import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.machine import free_disk
from keras_transfer.system.terminal.script_output import (
    add_json,
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.visible_text import print_text, quote_word

if TYPE_CHECKING:
    import keras

    from keras_transfer.data.training_data import TrainingData
    from keras_transfer.exports.reference_answers import OwnSplit, Yardstick

logger = logging.getLogger("keras_transfer.export")  # __name__ is "__main__" as a command

WRITING = ".writing-"  # how the name of a folder begins that an export works in


def export_model(
    run: Run | str | Path,
    formats: str | Sequence[str] = FORMATS,
    tflite: str | Sequence[str] | None = None,
    calibrate: bool = False,
    dataset: Any = None,
) -> dict[str, Any]:
    """Write a run's model for other programs, and keep what gives the model's own answers.

    Each file is run by its own runtime in a fresh process over the whole validation split. One that
    differs by more than its kind may is renamed to end in `.failed`.

    Args:
        run: A finished run or its directory.
        formats: Of saved_model, tflite and onnx.
        tflite: Number formats, of float32, float16, dynamic_int8 and int8. None: float32.
        calibrate: Fit a temperature on validation and put it into the exports; the run's own
            model.keras stays as it is (`calibrate` of `TrainConfig` does both).
        dataset: The examples that the run was made from, if they are elsewhere now, as
            `evaluate_run` takes them.

    Returns:
        The content of parity.json: `reference`, and `artefacts`, a row per file and signature,
        whose `reason` is "" where it passed.

    Raises:
        ConfigError: The run or its examples cannot be used, or a package is missing.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    exporters = choose_exporters(formats, tflite)
    config = load_run_config(run)
    run.refuse_folders()
    if dataset is not None:
        named = name_dataset(dataset, name_modality(config))
        config = dataclasses.replace(config, dataset=named)
    # before TensorFlow loads
    check_source(choose_modality(config), config.source, of_run=dataset is None)
    write_model_card(run, run.metrics())  # so what it is made of is whole before the long work
    import_tensorflow()
    from keras_transfer.exports.reference_answers import make_yardstick
    from keras_transfer.exports.saved_model import write_source

    validation, train = _read_examples(run, config, exporters)
    with _workplace(run) as folder, _explaining_disk(run):
        model, temperature = _load_model(run, config, validation.data, calibrate)
        yardstick = make_yardstick(model, validation, folder)
        logger.info("Tracing the model")
        with hushed(), _explaining_disk(run):
            source = write_source(model, run, (validation, train), folder)
        return _write_all(exporters, source, yardstick, temperature, run)


def _read_examples(
    run: Run, config: TrainConfig, exporters: Sequence[Exporter]
) -> "tuple[OwnSplit, OwnSplit | None]":
    """Return the validation examples, and those of training where int8 needs a sample of them.

    Raises:
        ConfigError: They are gone or changed.
    """
    from keras_transfer.exports.reference_answers import read_split

    validation = read_split(run, config, "validation")
    sampled = TFLITE["int8"] in exporters
    return validation, read_split(run, config, "train") if sampled else None


def _write_all(
    exporters: Sequence[Exporter],
    source: Source,
    yardstick: "Yardstick",
    temperature: float,
    run: Run,
) -> dict[str, Any]:
    """Write, check and keep one file after the other; return the content of parity.json."""
    from keras_transfer.exports import parity

    reference = parity.describe_reference(yardstick, temperature)
    report: dict[str, Any] = {}
    for exporter in exporters:
        written = source.saved_model.with_name(exporter.file)
        logger.info("Writing %s", exporter.file)
        with hushed(), _explaining_disk(run):
            exporter.write(source, written)
        noun = f"validation {'text' if source.usage.takes_texts else 'image'}"
        logger.info("Checking it on %s", count_of(len(yardstick.truth), noun))
        rows = parity.check_artefact(written, exporter.limits, yardstick)
        rows = [row | {"temperature": temperature} for row in rows]
        report = parity.keep_artefact(run, written, rows, reference)
        write_decisions(run, parity.list_temperatures(report))
        write_model_card(run, run.metrics())
    return report


@contextlib.contextmanager
def _workplace(run: Run) -> Iterator[Path]:
    """Hand out a folder beside the exports, on the same disk; it is gone afterwards.

    Those of exports that were killed are removed, and the folder of the exports if it is empty.

    Raises:
        ConfigError: The run cannot be written.
    """
    with contextlib.ExitStack() as stack:
        run.refuse_links()
        try:
            run.exports.mkdir(exist_ok=True)
            stack.callback(_remove_empty, run.exports)
            for left in run.exports.glob(f"{WRITING}*"):
                if is_marked(left, [OWNER]) and is_abandoned(left / OWNER):
                    shutil.rmtree(left, ignore_errors=True)
            place = tempfile.TemporaryDirectory(dir=run.exports, prefix=WRITING)
            folder = Path(stack.enter_context(place))
            claim(folder / OWNER)
        except OSError as error:
            raise ConfigError(
                f"{run.path} must be a folder that can be written. Received: {error.strerror}. "
                "Export a copy of it."
            ) from error
        yield folder


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it holds something
        folder.rmdir()


@contextlib.contextmanager
def _explaining_disk(run: Run) -> Iterator[None]:
    """Make one line of what a full disk does to whoever writes, TensorFlow included.

    Raises:
        ConfigError: The exports cannot be written.
    """
    import tensorflow as tf

    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if isinstance(error, OSError) and error.errno not in DISK_ERRORS:
            raise
        said = error.strerror or str(error) if isinstance(error, OSError) else error.message
        # TensorFlow: {{function …}} file; No space left on device [Op:SaveV2]
        fault = re.sub(r"^.*; | \[Op:\w+\]$", "", said)
        raise ConfigError(
            f"The exports must have room in {run.exports}. Received: {fault}, where "
            f"{say_bytes(free_disk(run.exports))} are free. Free space there, or export a copy "
            "of the run elsewhere."
        ) from error


def _load_model(
    run: Run, config: TrainConfig, data: "TrainingData", calibrated: bool
) -> tuple["keras.Model", float]:
    """Return the run's model, scaled by a temperature if asked for, and the temperature."""
    from keras_transfer.evaluation.calibration import calibrate
    from keras_transfer.evaluation.inference import predict_splits
    from keras_transfer.models.run_model import load_run_model

    model = load_run_model(run, config)
    if not calibrated:
        return model, 1.0
    return model, calibrate(model, predict_splits(model, data, ["validation"]))


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if a file was refused, or is less accurate than was asked for."""
    words = _parse(arguments)
    print_logs(logging.WARNING if words.quiet else logging.INFO)
    with reserving_output(words.json or words.quiet):
        report = export_model(
            words.run, words.formats, words.tflite, words.calibrate, words.dataset
        )
    from keras_transfer.evaluation.reports.parity_table import draw_parity
    from keras_transfer.exports.parity import answer_export, list_results

    names = [exporter.file for exporter in choose_exporters(words.formats, words.tflite)]
    results = list_results(report, names)
    if words.json:
        print_json(answer_export(Run(words.run), report, results))
    elif words.quiet:
        for result in results:
            if result.accepted:
                print_path(Run(words.run).exports / result.file)
    else:
        accepted = [each.file for each in results if each.accepted]
        run = Run(words.run)
        table = draw_parity(report, load_run_config(run).data.noun)
        print_text(f"{table}\n{_say_files(accepted, run)}".rstrip("\n"))
    refused = [result for result in results if not result.accepted]
    for result in refused:
        print_text(f"error: {result.file} was not accepted: {result.reason}", sys.stderr)
    measured = {result.file: result.accuracy for result in results if result.accuracy is not None}
    return check_floor(measured, words.assert_accuracy_at_least) or int(bool(refused))


def _say_files(names: Sequence[str], run: Run) -> str:
    """Return a line for each export that was accepted, where it is and what runs it."""
    from keras_transfer.evaluation.reports.loading_snippets import say_runtime

    lines = []
    for name in names:
        file = run.exports / name
        place = file / "1" if file.is_dir() else file  # SavedModels stand in a folder of versions
        lines.append(f"{quote_word(place)}  {say_runtime(file)}")
    if names:
        export = quote_word(run.exports / names[0])
        lines.append(f"Code for each: {quote_word(run.model_card_file)}")
        given = "TEXTS" if run.tokenizer.is_dir() else "IMAGES"
        lines.append(f"Next: python -m keras_transfer.predict {export} {given}")
    return "\n".join(lines)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = PlainParser("export", __doc__)
    # the run first: after --formats it would be taken for one of them
    parser.usage = "%(prog)s RUN [--formats NAME …] [--tflite NAME …] [other options]"
    parser.add_argument("run", metavar="RUN", help="a finished run directory")
    several: dict[str, Any] = {"nargs": "+", "metavar": "NAME"}
    chosen = f"of {', '.join(EXPORTERS)} (default: {' '.join(FORMATS)})"
    parser.add_argument("--formats", default=FORMATS, help=chosen, **several)
    chosen = f"of {', '.join(TFLITE)} (default: float32)"
    parser.add_argument("--tflite", help=chosen, **several)
    text = "fit a temperature on validation and put it into the exports"
    parser.add_argument("--calibrate", action="store_true", help=text)
    text = "the examples that the run was made from, if they are elsewhere now"
    parser.add_argument("--dataset", help=text)
    add_floor(parser)
    text = "print the paths of the accepted files, warnings and errors only"
    parser.add_argument("--quiet", action="store_true", help=text)
    add_json(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_command(main)
