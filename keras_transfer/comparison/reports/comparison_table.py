"""What a comparison prints: a table by mean over seeds, and which differences are real."""

from collections.abc import Sequence
from typing import Any

from keras_transfer.comparison.columns import COLUMNS
from keras_transfer.comparison.ranking import (
    LEVEL,
    Configuration,
    Lost,
    Verdict,
    find_best,
    find_scratch,
    share_seeds,
)
from keras_transfer.config.messages import count_of
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import show_name

# columns that narrow lines go without, in this order; results.csv has what they are made of
LEFT_OUT = ("of seeds", "parameters", "MB", "seconds", "95 % interval", "seeds", "test")
NAMED = 4  # configurations that are named in a sentence


def describe_comparison(
    configurations: Sequence[Configuration],
    verdicts: Sequence[Verdict],
    lost: Sequence[Lost] = (),
) -> str:
    """Return the table, the backbone above it if all have the same, and the lines below it.

    Args:
        configurations: At least one.
        verdicts: Of each, as `judge` gives them.
        lost: Those of which every row failed.
    """
    best = find_best(configurations)
    planned: list[Configuration | Lost] = [*configurations, *lost]
    backbones = {each.settings["backbone"] for each in planned}
    lines = [f"Backbone: {show_name(*backbones)}"] if len(backbones) == 1 else []
    lines.append(_draw(configurations, verdicts, lost))
    lines += _explain(configurations, verdicts, lost, best)
    for each in configurations:
        twin = find_scratch(each, configurations)
        if twin and (shares := share_seeds(each, twin)):
            lines.append(
                f"Negative transfer: {name_configuration(each, configurations)} has "
                f"{shares[0].mean():.3f}, {name_configuration(twin, configurations)} "
                f"{shares[1].mean():.3f}: what was learned elsewhere does not help here."
            )
    return "\n".join(lines)


def name_configuration(
    configuration: Configuration, configurations: Sequence[Configuration]
) -> str:
    """Return what tells a configuration from the others: the settings that differ."""
    clear = [each.column for each in COLUMNS.values() if each.kind is str]  # words, not numbers
    values = configuration.settings
    return ", ".join(
        values[name] if name in clear else f"{name.rpartition('.')[2]} {values[name]}"
        for name in _find_varying(configurations)
    )


def _find_varying(configurations: Sequence[Configuration | Lost]) -> list[str]:
    """Return the settings that are not the same in all configurations, or just the strategy."""
    names = configurations[0].settings
    varying = [name for name in names if len({each.settings[name] for each in configurations}) > 1]
    return varying or ["strategy"]


def _draw(
    configurations: Sequence[Configuration], verdicts: Sequence[Verdict], lost: Sequence[Lost]
) -> str:
    varying = _find_varying([*configurations, *lost])
    last = [name.rpartition(".")[2] for name in varying]
    names = [name if last.count(end) > 1 else end for name, end in zip(varying, last, strict=True)]
    columns = [*names, "seeds", "validation", "95 % interval", "of seeds", "test", "seconds"]
    columns += ["parameters", "MB", "p", "against the best"]
    rows = [
        [*(_say_setting(each, name) for name in varying), *_say_numbers(each, verdict)]
        for each, verdict in zip(configurations, verdicts, strict=True)
    ]
    for each in lost:
        settings = [each.settings[name] for name in varying]
        blank = [None] * (len(columns) - len(varying) - 2)
        rows.append([*settings, f"0 of {each.planned}", *blank, "failed"])
    kept = [index for index in range(len(columns)) if any(row[index] is not None for row in rows)]
    return draw_table(
        [columns[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        drop=LEFT_OUT,
        where="in results.csv",
    )


def _say_setting(each: Configuration, name: str) -> str:
    """Return a setting, and behind the strategy auto what it came to."""
    chosen = "/".join(each.strategies)
    is_auto = name == "strategy" and each.settings[name] == "auto" and chosen not in ("", "auto")
    return f"auto ({chosen})" if is_auto else each.settings[name]


def _say_numbers(each: Configuration, verdict: Verdict) -> list[Any]:
    """Return the cells of a row behind its settings; None is no number."""
    runs, single = len(each.runs), each.right.mean(axis=1)
    parameters, seconds = each.mean("trainable_parameters"), each.mean("seconds")
    memory = each.mean("peak_memory_mb")
    return [
        each.planned if runs == each.planned else f"{runs} of {each.planned}",
        each.accuracy,
        "{:.3f}-{:.3f}".format(*each.interval),
        None if runs == 1 else f"{single.min():.3f}-{single.max():.3f}",
        each.mean("test_accuracy"),
        None if seconds is None else f"{seconds:.1f}",
        None if parameters is None else round(parameters),
        None if memory is None else round(memory),
        None if verdict.p_value is None else _say_p(verdict.p_value),
        verdict.words + _say_failed(each),
    ]


def _say_failed(each: Configuration) -> str:
    failed = each.planned - len(each.runs)
    return f", {failed} failed" if failed else ""


def _say_p(p_value: float) -> str:
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}"


def _explain(
    configurations: Sequence[Configuration],
    verdicts: Sequence[Verdict],
    lost: Sequence[Lost],
    best: Configuration,
) -> list[str]:
    """Return what the table means and what it does not."""
    if len(configurations) == 1:
        which = "Only one configuration is finished" if lost else "There is one configuration only"
        return [f"{which}, so nothing is compared."]
    some = bool(lost) or any(len(each.runs) < each.planned for each in configurations)
    is_whole = len(best.runs) == best.planned
    which = " of those of which no row is missing" if some and is_whole else ""
    name, images = name_configuration(best, configurations), best.right.shape[1]
    lines = [
        f"Best on validation{which}: {name}. {_say_outcomes(configurations, verdicts, images)}",
        f"Real is a difference with p below {LEVEL:g}: the sign of each image's mean difference "
        "over seeds is flipped at random (McNemar's test, for several seeds), corrected by Holm. "
        "Validation also chose the epochs and what is called best, so it flatters the best; test "
        "chose nothing.",
    ]
    reused, runs = sum(c.reused for c in configurations), sum(len(c.runs) for c in configurations)
    if reused:
        lines.append(
            f"{reused} of {runs} rows used activations that an earlier row or comparison had "
            "computed: alone they take longer."
        )
    return lines


def _say_outcomes(
    configurations: Sequence[Configuration], verdicts: Sequence[Verdict], images: int
) -> str:
    """Return in a sentence for each outcome which configurations have it, but for the best."""
    names: dict[str, list[str]] = {}
    for each, verdict in zip(configurations, verdicts, strict=True):
        names.setdefault(verdict.outcome, []).append(name_configuration(each, configurations))
    found = []
    if worse := names.get("worse"):
        found.append(f"Really worse: {_list(worse)}.")
    if better := names.get("better"):
        found.append(
            f"Really better on the seeds both have, but rows are missing: {_list(better)}."
        )
    if equal := names.get("not told apart"):
        found.append(f"{_count(equal)} cannot be told apart from it by these {images} images.")
    if apart := names.get("not compared"):
        found.append(f"{_count(apart)} cannot be compared with it: no seed is finished in both.")
    return " ".join(found)


def _list(names: Sequence[str]) -> str:
    return "; ".join(names) if len(names) <= NAMED else f"{len(names)} others"


def _count(names: Sequence[str]) -> str:
    return count_of(len(names), "other")
