"""Train several configurations side by side: `python -m keras_transfer.compare --seeds 0 1 2 …`."""

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_transfer.compare.baseline.baseline_row import add_baseline
from keras_transfer.compare.columns import COLUMNS, FAILED, FINISHED, WAITING
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.engines import ENGINES
from keras_transfer.compare.grid import Grid, read_grid, read_weight_words
from keras_transfer.compare.results_csv import Results
from keras_transfer.compare.row_training import make_split, train_rows
from keras_transfer.compare.row_weights import settle_weights
from keras_transfer.compare.rows import Row
from keras_transfer.config.command_line import Parser, build_parser, read_words
from keras_transfer.config.layers import flatten, merge_layers
from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import count_of, say_fault
from keras_transfer.config.train_config import to_dict
from keras_transfer.config.validation import is_count, require
from keras_transfer.config.yaml_files import dump_settings, read_yaml
from keras_transfer.evaluation.accuracy_floor import check_floor
from keras_transfer.modalities.table import name_datasets
from keras_transfer.run.resuming import PLACES
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.signals import stoppable
from keras_transfer.system.terminal.open_page import open_page
from keras_transfer.system.terminal.script_output import print_json, print_path, reserving_output
from keras_transfer.tracking.loggers import check_logger
from keras_transfer.training.plan.preflight import check_names

logger = logging.getLogger(__name__)

ABOUT = (
    "Train with every combination of some lists of settings, on the same examples, and tell which "
    "differences are real. Every option of train is taken; what a list is of is replaced by it."
)
OWN = {  # options that are not settings of a training, and their defaults
    "jobs": 1,
    "engine": "processes",
}
SHOWN_FAILED = 10  # rows that are named in the end
DEFAULTS = {"cache": {"reuse": True}}  # rows use what others have computed
# of a comparison that was begun
CHANGEABLE = ("quiet", "report", "assert_accuracy_at_least", *PLACES)


def compare_runs(path: str | Path | None = None, /, **settings: Any) -> Comparison:
    """Train every combination of lists of settings, and leave a table and a figure.

    Args:
        path: A YAML file of settings, lists among them, or None.
        **settings: As `fine_tune` takes them, `dataset` too, and lists: the keys of
            `compare.columns.COLUMNS`, such as `strategies` and `seeds`, and for others `grid`,
            such as `{"finetune.learning_rate": [1e-4, 3e-5]}`. `weights` may be a dict, backbone to
            its own. `jobs`: rows that are trained at the same time (1). `engine`: processes (of
            this machine, the default) or ray. `resume`: a folder to go on with, then no other
            settings but these two, `quiet`, `report`, `assert_accuracy_at_least`, `dataset` and
            `data.data_dir` if the images have moved; or auto, the newest unfinished one in `output`
            with the same settings, else a new one.

    Returns:
        The comparison; `results()` is its table. Rows may have failed, see the column `status`.

    Raises:
        ConfigError: A setting, the engine or the data set cannot be used, and why.
    """
    file = {} if path is None else read_yaml(path)
    return _compare(file, name_datasets(settings, file))[0]


def _compare(
    file: Mapping[Any, Any],
    settings: Mapping[str, Any],
    reserves: Callable[[Grid], bool] = lambda grid: False,
    opens: bool = False,
) -> tuple[Comparison, Results]:
    """Compare; `reserves` says whether standard output is for an answer alone.

    `opens`: The page will be asked for.
    """
    own = _read_own(file, settings)
    earlier, grid = _find_earlier(_drop_own(file), _drop_own(settings))
    report = grid.base.report
    require(report == "auto" or not opens, "report", "auto with --open", report)
    rows = _check_rows(grid, is_new=earlier is None)
    comparison = earlier or Comparison.create(grid)
    with (
        reserving_output(reserves(grid)),
        comparison.recording(grid.base.quiet),
        _telling_end(comparison, is_new=earlier is None),
    ):
        comparison.write_grid(grid)  # places may be others than they were
        results = Results(comparison, rows)
        _announce(comparison, results, rows)
        if results.select(WAITING):
            settle_weights(comparison, results, rows, is_new=earlier is None)
            make_split(comparison, rows[0])
        train_rows(comparison, results, own["jobs"], own["engine"])
        _report(comparison, results, report == "auto")
    return comparison, results


def _read_own(file: Mapping[Any, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return `jobs` and `engine`."""
    own = {name: settings.get(name, file.get(name, default)) for name, default in OWN.items()}
    require(is_count(own["jobs"]), "jobs", "a whole number, at least 1", own["jobs"])
    lookup(ENGINES, "engine", str(own["engine"]))
    return own


def _drop_own(layer: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in layer.items() if name not in OWN}


def _find_earlier(
    file: Mapping[Any, Any], settings: Mapping[str, Any]
) -> tuple[Comparison | None, Grid]:
    """Return the comparison to go on with, whose settings stay as they are, and its grid."""
    path = settings.get("resume", file.get("resume"))
    if path is None or path == "auto":
        grid = read_grid(DEFAULTS, file, settings, {"resume": None}).name_places()
        return (Comparison.find(grid) if path else None), grid
    stated = flatten(file) | flatten(settings)
    del stated["resume"]
    if changed := [name for name in stated if name not in CHANGEABLE]:
        raise ConfigError(
            "An interrupted comparison must go on with the settings it began with. "
            f"Received: {', '.join(map(str, changed))}. Leave that out."
        )
    comparison = Comparison.open(path)
    grid = comparison.read_grid()
    base = merge_layers(to_dict(grid.base), stated)
    return comparison, dataclasses.replace(grid, base=base).name_places()


def _check_rows(grid: Grid, is_new: bool) -> list[Row]:
    """Return the rows, a baseline among them, after looking up every name in each training."""
    rows, resume = grid.rows(), None if is_new else "."  # then images and weights may have moved
    for row in rows:
        check_names(dataclasses.replace(row.config, resume=resume))
        check_logger(row.config)
    return add_baseline(rows)


@contextlib.contextmanager
def _telling_end(comparison: Comparison, is_new: bool) -> Iterator[None]:
    """Remove a new comparison of which no row was begun, or say how to go on with it."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, ConfigError) and is_new and not any(comparison.runs.iterdir()):
            comparison.remove()
        else:
            advice = f"Go on with: {comparison.say_resume()}"
            logger.warning("The comparison is not finished. %s", advice)
        raise


def _announce(comparison: Comparison, results: Results, rows: list[Row]) -> None:
    done = len(results.select(FINISHED))
    trained = count_of(sum(not row.is_baseline for row in rows), "training")
    beside = " and a baseline" if rows[-1].is_baseline else ""
    logger.info("Comparison of %s%s: %s", trained, beside, comparison.path)
    if done:
        logger.info("%s finished already", count_of(done, "is", "are"))


def _report(comparison: Comparison, results: Results, writes_page: bool) -> None:
    """Add the p-values to results.csv, draw comparison.png, and say what came out."""
    from keras_transfer.compare.ranking.configurations import read_configurations, read_lost
    from keras_transfer.compare.ranking.verdicts import compare_runs_with_best, judge
    from keras_transfer.compare.reports.comparison_figure import draw_comparison
    from keras_transfer.compare.reports.comparison_table import describe_comparison

    configurations = read_configurations(comparison.results_file)
    left = {"Table": comparison.results_file}
    if configurations:
        results.add_p_values(compare_runs_with_best(configurations))
        lost = read_lost(comparison.results_file)
        logger.info("%s", describe_comparison(configurations, judge(configurations), lost))
        with replacing(comparison.figure_file) as file:
            draw_comparison(configurations, comparison.path, file)
        left["Figure"] = comparison.figure_file
        if writes_page and (page := _write_page(comparison)):
            left["Report"] = page
    _tell_failed(comparison, results)
    for what, path in left.items():
        logger.info("%s: %s", what, path)


def _write_page(comparison: Comparison) -> Path | None:
    """Write report.html, or say why not: what was trained is not lost by it."""
    from keras_transfer.compare.reports.comparison_page import write_comparison_page

    try:
        return write_comparison_page(comparison)
    except Exception as error:
        comparison.report_file.unlink(missing_ok=True)  # it would be of an earlier state
        logger.warning("report.html could not be made: %s", say_fault(error))
        return None


def _tell_failed(comparison: Comparison, results: Results) -> None:
    """Say which rows failed and why, one a line, and what to do."""
    failed = results.select(FAILED)
    for row in failed[:SHOWN_FAILED]:
        logger.warning("%s %s", row.name, results[row].status)
    if more := failed[SHOWN_FAILED:]:
        logger.warning(
            "%s failed, see %s", count_of(len(more), "more row"), comparison.results_file
        )
    if failed:
        them = "it" if len(failed) == 1 else "them"
        logger.warning("Mend that and try %s again: %s", them, comparison.say_resume())


def _measure_best(comparison: Comparison) -> dict[str, float]:
    """Return the accuracy that `--assert_accuracy_at_least` is about: the best configuration's."""
    from keras_transfer.compare.ranking.configurations import read_configurations
    from keras_transfer.compare.ranking.verdicts import find_best

    configurations = read_configurations(comparison.results_file)
    if not configurations:
        return {}
    best = find_best(configurations)
    test = best.mean("test_accuracy")
    return {"validation": best.accuracy} if test is None else {"test": test}


def _add_lists(parser: Parser) -> None:
    for option, each in COLUMNS.items():
        words = f"Values of --{each.setting}. Spaces stand between them."
        parser.add_argument(f"--{option}", type=each.kind, nargs="+", metavar="VALUE", help=words)
    words = "As train takes them for all backbones, or BACKBONE=FILE for each, with spaces between."
    parser.add_argument("--weights", type=str, nargs="+", metavar="WEIGHTS", help=words)
    parser.add_argument(
        "--jobs", type=int, default=OWN["jobs"], help="Rows that are trained at the same time."
    )
    parser.add_argument(
        "--engine",
        type=str,
        default=OWN["engine"],
        help="processes, or ray. ray: on the cluster that runs, else with local workers.",
    )


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if a row failed."""
    as_json, opens = "--json" in arguments, "--open" in arguments
    file, options, printed = read_words(build_parser("compare", ABOUT, _add_lists), arguments)
    if words := options.get("weights"):
        options["weights"] = read_weight_words(words)
    if printed:
        _, grid = _find_earlier(_drop_own(file), _drop_own(options))
        # as it is: YAML has its own way to write what cannot be seen
        print(dump_settings(_read_own(file, options)) + grid.dump(), end="")  # noqa: T201
        return 0
    with stoppable():
        comparison, results = _compare(
            file, options, lambda grid: as_json or grid.base.quiet, opens
        )
    base = comparison.read_grid().base
    if as_json:
        from keras_transfer.compare.reports.comparison_answer import answer_comparison

        print_json(answer_comparison(comparison, results))
    elif base.quiet:
        print_path(comparison.path)
    if opens and comparison.report_file.exists():
        open_page(comparison.report_file)
    floor = base.assert_accuracy_at_least
    low = floor is not None and check_floor(_measure_best(comparison), floor)
    return int(bool(results.select(FAILED)) or low)
