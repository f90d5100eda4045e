"""What a comparison prints: a table by mean over seeds, and which differences are real."""

from collections.abc import Sequence
from typing import Any

from keras_transfer.compare.ranking.configurations import Configuration, Lost, is_baseline
from keras_transfer.compare.ranking.verdicts import Verdict
from keras_transfer.compare.reports.comparison_words import (
    find_varying,
    head_columns,
    list_remarks,
    say_best,
    say_differences,
    say_lost,
    say_p,
    say_seeds,
    say_setting,
    say_verdict,
)
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import show_name

# columns that narrow lines go without, in this order; results.csv has what they are made of
LEFT_OUT = ("of seeds", "parameters", "MB", "seconds", "95 % interval", "seeds", "test", "target")


def describe_comparison(
    configurations: Sequence[Configuration],
    verdicts: Sequence[Verdict],
    lost: Sequence[Lost] = (),
) -> str:
    """Return the table, the backbone above it if all have the same, and the lines below it.

    Args:
        configurations: At least one.
        verdicts: Of each, as `judge` gives them.
        lost: Those of which no row is finished.
    """
    planned: list[Configuration | Lost] = [*configurations, *lost]
    trained = [each for each in planned if not is_baseline(each.settings)]
    backbones = {each.settings["backbone"] for each in trained or planned}
    lines = [f"Backbone: {show_name(*backbones)}"] if len(backbones) == 1 else []
    lines.append(_draw(configurations, verdicts, lost))
    differences = say_differences(configurations, verdicts, lost)
    best = f"{say_best(configurations, lost)}. " if len(configurations) > 1 else ""
    return "\n".join([*lines, best + differences, *list_remarks(configurations)])


def _draw(
    configurations: Sequence[Configuration], verdicts: Sequence[Verdict], lost: Sequence[Lost]
) -> str:
    varying = find_varying([*configurations, *lost])
    columns = [*head_columns(varying), "seeds", "validation", "95 % interval", "of seeds"]
    columns += ["test", "target", "seconds", "parameters", "MB", "p", "against the best"]
    rows = [
        [*(say_setting(each, name) for name in varying), *_say_numbers(each, verdict)]
        for each, verdict in zip(configurations, verdicts, strict=True)
    ]
    for each in lost:
        settings = [say_setting(each, name) for name in varying]
        blank = [None] * (len(columns) - len(varying) - 2)
        rows.append([*settings, say_seeds(each), *blank, say_lost(each)])
    kept = [index for index in range(len(columns)) if any(row[index] is not None for row in rows)]
    return draw_table(
        [columns[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        drop=LEFT_OUT,
        where="in results.csv",
    )


def _say_numbers(each: Configuration, verdict: Verdict) -> list[Any]:
    """Return the cells of a row behind its settings; None is no number."""
    single = each.right.mean(axis=1)
    parameters, seconds = each.mean("trainable_parameters"), each.mean("seconds")
    memory = each.mean("peak_memory_mb")
    return [
        None if each.is_baseline else each.planned if not each.missing else say_seeds(each),
        each.accuracy,
        "{:.3f}-{:.3f}".format(*each.interval),
        None if len(single) == 1 else f"{single.min():.3f}-{single.max():.3f}",
        each.mean("test_accuracy"),
        each.mean("target_accuracy"),
        None if seconds is None else f"{seconds:.1f}",
        None if parameters is None else round(parameters),
        None if memory is None else round(memory),
        None if verdict.p_value is None else say_p(verdict.p_value),
        say_verdict(each, verdict),
    ]
