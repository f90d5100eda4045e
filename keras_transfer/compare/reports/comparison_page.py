"""report.html of a comparison: which configuration is best, which differences are real."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from keras_transfer.compare.columns import FAILED
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.ranking.configurations import (
    Configuration,
    Lost,
    Missing,
    is_baseline,
    read_configurations,
    read_lost,
)
from keras_transfer.compare.ranking.verdicts import Verdict, find_best, judge
from keras_transfer.compare.reports.comparison_charts import (
    Look,
    chart_curves,
    chart_seconds,
    choose_looks,
)
from keras_transfer.compare.reports.comparison_commands import list_commands
from keras_transfer.compare.reports.comparison_words import (
    find_varying,
    head_columns,
    list_remarks,
    say_best,
    say_differences,
    say_lost,
    say_p,
    say_setting,
    say_verdict,
)
from keras_transfer.config.help.versions import find_version
from keras_transfer.config.layers import flatten
from keras_transfer.config.messages import count_of, say_fault, say_interval
from keras_transfer.config.train_config import to_dict
from keras_transfer.evaluation.html_report.page import render_page, say_share
from keras_transfer.evaluation.html_report.run_facts import list_settings
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_text

# Columns behind the settings, what decides first; one without any number is left out.
VERDICT = "against the best"
COLUMNS = (
    *("validation", "95 % interval", VERDICT, "p", "test", "target", "of seeds"),
    *("seconds", "parameters", "MB"),
)
NOT_PRINTED = ("of seeds", "parameters", "MB")  # paper is narrow, and results.csv has them
SECTIONS = (
    ("table", "Table"),
    ("curves", "Charts"),
    ("settings", "Settings"),
    ("next", "Next"),
)


class Cell(NamedTuple):
    """A number as the table shows it, and by which it sorts."""

    text: str
    value: float


class Seed(NamedTuple):
    """A finished row of a configuration."""

    name: str
    link: str | None
    """To its own page, relative to that of the comparison; None: there is none."""


class PageRow(NamedTuple):
    """A configuration in the table."""

    look: Look | None
    settings: list[str]
    seeds: list[Seed]
    missing: Sequence[Missing]
    numbers: dict[str, Cell]
    words: str
    is_best: bool


def write_comparison_page(comparison: Comparison) -> Path:
    """Write report.html of a comparison anew, from its files, and return it.

    Args:
        comparison: Some of its rows are finished; links lead to those of its runs that have a
            report.html of their own.

    Raises:
        ConfigError: No row is finished, or a file is damaged.
    """
    found = _read_finished(comparison)
    lost, verdicts, looks = read_lost(comparison.results_file), judge(found), choose_looks(found)
    planned: list[Configuration | Lost] = [*found, *lost]
    content = {
        **_describe_page(comparison, found, planned),
        **_describe_table(comparison, found, verdicts, lost, looks),
        **_describe_missing(comparison, planned),
        "verdict": [_say_best(found, lost), say_differences(found, verdicts, lost)],
        "looks": sorted(looks),
        "curves": chart_curves(found, looks, comparison.path),
        "seconds": chart_seconds(found, looks),
    }
    write_text(comparison.report_file, render_page("comparison.html", **content))
    return comparison.report_file


def _read_finished(comparison: Comparison) -> list[Configuration]:
    """Return the configurations of which a row is finished, at least one."""
    try:
        found = comparison.read_results() and read_configurations(comparison.results_file)
    except (OSError, ValueError, LookupError) as error:
        said = str(error) if isinstance(error, ConfigError) else say_fault(error)
        raise ConfigError(
            f"A comparison must be as compare left it. Received: {comparison.path}, which cannot "
            f"be read. Mend that: {comparison.say_resume()} ({said})"
        ) from error
    if not found:
        raise ConfigError(
            "A comparison must have a finished row before there is anything to show. Received: "
            f"{comparison.path}, which has none. Go on with it: {comparison.say_resume()}"
        )
    return found


def _describe_page(
    comparison: Comparison,
    found: Sequence[Configuration],
    planned: Sequence[Configuration | Lost],
) -> dict[str, Any]:
    """Return the head of the page, its settings and its commands."""
    done = sum(len(each.runs) for each in found if not each.is_baseline)
    trained = [each for each in planned if not is_baseline(each.settings)]
    trainings = count_of(sum(each.planned for each in trained), "training")
    noun = found[0].noun
    return {
        "version": find_version("keras_transfer"),
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "comparison_name": comparison.path.resolve().name,
        "trained": f"{count_of(len(planned), 'configuration')}, {done} of {trainings} finished, "
        f"{count_of(found[0].right.shape[1], f'validation {noun}')}",
        "noun": noun,
        **list_commands(comparison, find_best(found)),
        "settings": _list_shared(comparison),
        "files": [
            (file.name, words)
            for file, words in (
                (comparison.results_file, "a row a training, with all numbers"),
                (comparison.figure_file, "both charts as a picture"),
                (comparison.grid_file, "what is compared; compare --config takes it"),
                (comparison.log_file, "the lines you saw"),
            )
            if file.is_file()
        ],
    }


def _describe_table(
    comparison: Comparison,
    found: Sequence[Configuration],
    verdicts: Sequence[Verdict],
    lost: Sequence[Lost],
    looks: Sequence[Look],
) -> dict[str, Any]:
    varying = find_varying([*found, *lost])
    ranked = sorted(zip(looks, found, verdicts, strict=True), key=lambda each: each[0].number)
    rows = [_build_row(*each, varying, comparison.path) for each in ranked]
    return {
        "varying": head_columns(varying),
        "verdict_column": VERDICT,
        "less": NOT_PRINTED,
        "columns": [
            name for name in COLUMNS if name == VERDICT or any(name in row.numbers for row in rows)
        ],
        "rows": rows + [_build_lost(each, varying) for each in lost],
        "remarks": [*list_remarks(found)],
    }


def _describe_missing(
    comparison: Comparison, planned: Sequence[Configuration | Lost]
) -> dict[str, Any]:
    """Return the rows that are not finished, and how to go on."""
    missing = [row for each in planned for row in each.missing]
    between = [("missing", "Missing rows")] if missing else []
    return {
        "sections": [*SECTIONS[:2], *between, *SECTIONS[2:]],
        "failed": [(Path(row.run).name, row.reason) for row in missing if row.state == FAILED],
        "unfinished": sum(row.state != FAILED for row in missing),
        "missing": len(missing),
        "resume": comparison.say_resume(),
    }


def _say_best(found: Sequence[Configuration], lost: Sequence[Lost]) -> str:
    best = find_best(found)
    size, test, noun = best.right.shape[1], best.mean("test_accuracy"), best.noun
    target = best.mean("target_accuracy")
    low, high = best.interval
    seeds = f", mean over {count_of(len(best.runs), 'seed')}" if len(best.runs) > 1 else ""
    return (
        f"{say_best(found, lost)}. {say_share(best.accuracy)} of {count_of(size, noun)} are "
        f"right{seeds}, and with 95 % confidence between {say_share(low)} and {say_share(high)} of "
        "others like them."
        + ("" if test is None else f" Of the test {noun}s {say_share(test)}.")
        + ("" if target is None else f" Of the target's images {say_share(target)}.")
    )


def _build_row(
    look: Look, each: Configuration, verdict: Verdict, varying: Sequence[str], folder: Path
) -> PageRow:
    return PageRow(
        look=look,
        settings=[say_setting(each, name) for name in varying],
        seeds=[
            Seed(seed, _find_link(folder, run))
            for seed, run in zip(each.seeds, each.runs, strict=True)
            if not each.is_baseline
        ],
        missing=each.missing,
        numbers=_list_numbers(each, verdict),
        words=say_verdict(each, verdict),
        is_best=verdict.is_best,
    )


def _build_lost(each: Lost, varying: Sequence[str]) -> PageRow:
    reasons = dict.fromkeys(row.reason for row in each.missing if row.reason)
    return PageRow(
        look=None,
        settings=[say_setting(each, name) for name in varying],
        seeds=[],
        missing=each.missing,
        numbers={},
        words=": ".join([say_lost(each), *([next(iter(reasons))] if reasons else [])]),
        is_best=False,
    )


def _list_numbers(each: Configuration, verdict: Verdict) -> dict[str, Cell]:
    """Return the cells of a row that have a number, by their column."""
    single, p_value = each.right.mean(axis=1), verdict.p_value
    test, target = each.mean("test_accuracy"), each.mean("target_accuracy")
    seconds = each.mean("seconds")
    parameters, memory = each.mean("trainable_parameters"), each.mean("peak_memory_mb")
    ends = float(single.min()), float(single.max())
    found = {
        "validation": Cell(f"{each.accuracy:.3f}", each.accuracy),
        "95 % interval": Cell(say_interval(each.interval), each.interval[0]),
        "of seeds": len(single) > 1 and Cell(say_interval(ends), ends[0]),
        "test": test is not None and Cell(f"{test:.3f}", test),
        "target": target is not None and Cell(f"{target:.3f}", target),
        "seconds": seconds is not None and Cell(f"{seconds:,.1f}", seconds),
        "parameters": parameters is not None and Cell(f"{parameters:,.0f}", parameters),
        "MB": memory is not None and Cell(f"{memory:,.0f}", memory),
        "p": p_value is not None and Cell(say_p(p_value), p_value),
    }
    return {name: cell for name, cell in found.items() if cell}


def _find_link(folder: Path, run: str) -> str | None:
    file = Run(folder / run).report_file
    return quote(os.fsencode(f"{run}/{file.name}")) if file.is_file() else None


def _list_shared(comparison: Comparison) -> list[tuple[str, str]]:
    """Return (setting, value) of what all rows have in common and is not the default."""
    rows = comparison.read_grid().rows()
    first, *others = [flatten(to_dict(row.config)) for row in rows]
    return [
        each
        for each in list_settings(rows[0].config)
        if all(other[each[0]] == first[each[0]] for other in others)
    ]
