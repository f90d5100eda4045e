"""Make the page of a run or a comparison anew: `python -m keras_transfer.report RUN|COMPARE`."""

import argparse
import logging
from pathlib import Path

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.messages import say_bytes
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import COMPARISON_FILE, ZEROSHOT, RunFiles
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.open_page import add_open, open_page
from keras_transfer.system.terminal.script_output import print_path, reserving_output
from keras_transfer.system.terminal.visible_text import print_text, show_name

RUN_FILE = RunFiles("").config_file.name


def report_on(path: str | Path) -> Path:
    """Write report.html of a run or a comparison anew, and return it.

    It is one file that any browser opens off line.

    Args:
        path: The directory of a finished run; those of its images that are gone or changed are not
            in the page. Or that of a comparison, of which a row is finished.

    Raises:
        ConfigError: It is none, is damaged, or cannot be written.
    """
    folder = Path(path).expanduser()
    if not any((folder / name).is_file() for name in (COMPARISON_FILE, RUN_FILE)):
        found = "which has neither" if folder.exists() else "which is not there"
        found = ZEROSHOT if RunFiles(folder).is_of_zeroshot() else found
        raise ConfigError(
            f"A report is of a run, which must hold {RUN_FILE}, or of a comparison, which must "
            f"hold {COMPARISON_FILE}. Received: {folder}, {found}."
        )
    try:
        if (folder / COMPARISON_FILE).is_file():
            return _report_comparison(folder)
        return _report_run(Run.open(folder))
    except OSError as error:
        raise ConfigError(
            "report.html is written into its folder, which must be readable and writable. "
            f"Received: {folder} ({error.strerror or error}). Report on a copy of it."
        ) from error


def _report_comparison(folder: Path) -> Path:
    from keras_transfer.compare.comparison_directory import Comparison
    from keras_transfer.compare.reports.comparison_page import write_comparison_page

    return write_comparison_page(Comparison.open(folder))


def _report_run(run: Run) -> Path:
    config = load_run_config(run)
    import_tensorflow()
    from keras_transfer.evaluation.html_report.own_pictures import find_pictures
    from keras_transfer.evaluation.html_report.write_report import write_report

    return write_report(run, run.metrics(), find_pictures(run, config))


def main(arguments: list[str]) -> int:
    """Run the command line."""
    words = _parse(arguments)
    print_logs(logging.WARNING)
    with reserving_output(words.quiet):
        file = report_on(words.folder)
    if words.quiet:
        print_path(file)
    else:
        print_text(f"Report: {show_name(str(file))} ({say_bytes(file.stat().st_size)})")
    if words.open:
        open_page(file)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = PlainParser("report", __doc__)
    text = "the directory of a finished run, or of a comparison"
    parser.add_argument("folder", metavar="RUN|COMPARE", help=text)
    add_open(parser)
    text = "print the path of report.html alone"
    parser.add_argument("--quiet", action="store_true", help=text)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_command(main)
