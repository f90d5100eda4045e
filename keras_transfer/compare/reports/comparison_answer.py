"""What `compare --json` prints; docs/schemas says what each key means.

Numbers have the names of the columns of results.csv.
"""

from collections.abc import Mapping
from typing import Any

from keras_transfer.compare.columns import COLUMNS, FAILED, SEED
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.ranking.configurations import (
    AVERAGED,
    Configuration,
    read_configurations,
)
from keras_transfer.compare.ranking.verdicts import Verdict, judge
from keras_transfer.compare.results_csv import Results
from keras_transfer.compare.rows import Row


def answer_comparison(comparison: Comparison, results: Results) -> dict[str, Any]:
    """Return every row, and every configuration that has a finished one, the best one again."""
    rows = {row.name: _answer_row(comparison, row, results) for row in results.select("")}
    found = read_configurations(comparison.results_file)
    verdicts = judge(found) if found else []
    configurations = [
        _answer_configuration(comparison, each, verdict, rows)
        for each, verdict in zip(found, verdicts, strict=True)
    ]
    return {
        "comparison": comparison.path,
        "images": found[0].right.shape[1] if found else None,
        "rows": list(rows.values()),
        "configurations": configurations,
        "best": next((each for each in configurations if each["outcome"] == "best"), None),
    }


def _answer_row(comparison: Comparison, row: Row, results: Results) -> dict[str, Any]:
    """Return a row of results.csv, with its status and the reason of a failure apart."""
    columns = {each.setting: each.column for each in COLUMNS.values()}
    numbers = dict(vars(results[row]))
    status, _, reason = str(numbers.pop("status")).partition(": ")
    return {
        "run": comparison.runs / row.name,
        "settings": {columns.get(name, name): value for name, value in row.values.items()},
        "status": status,
        "reason": reason if status == FAILED else None,
        **numbers,
    }


def _answer_configuration(
    comparison: Comparison,
    each: Configuration,
    verdict: Verdict,
    rows: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    runs = [comparison.path / run for run in each.runs]
    settings = [rows[run.name]["settings"] for run in runs]
    low, high = each.interval
    return {
        "settings": {name: value for name, value in settings[0].items() if name != SEED},
        "runs": runs,
        "seeds": [own[SEED] for own in settings if not each.is_baseline],
        "planned": each.planned,
        "validation_accuracy": each.accuracy,
        "validation_accuracy_low": low,
        "validation_accuracy_high": high,
        **{name: each.mean(name) for name in AVERAGED},
        "p_value": verdict.p_value,
        "gap": verdict.gap,
        "outcome": verdict.outcome,
        "negative_transfer": verdict.negative_transfer,
    }
