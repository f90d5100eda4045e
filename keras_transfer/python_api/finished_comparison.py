"""A comparison as Python code takes it in hand: its table in numbers, and what a notebook shows."""

from pathlib import Path
from typing import Any, get_type_hints

from keras_transfer.compare import comparison_directory
from keras_transfer.compare.columns import BASELINE, COLUMNS, FINISHED, Result
from keras_transfer.config.messages import say_interval
from keras_transfer.python_api.arguments.argument_errors import guard
from keras_transfer.python_api.data_frames import make_frame, to_numbers
from keras_transfer.python_api.notebook_html import (
    draw_html_table,
    draw_line,
    draw_link,
    draw_path,
    draw_thumbnail,
    join_html,
)
from keras_transfer.system.files.atomic_files import read_table

SHOWN = ("configuration", "seeds", "validation", "95 % interval", "test", "against the best")


class Comparison(comparison_directory.Comparison):
    """Several trainings side by side, and the folder they left.

    Args:
        path: An existing folder; `open` checks one.
    """

    def results(self) -> Any:
        """Return results.csv: one row a training, numbers as numbers, NaN where there is none."""
        table = read_table(self.results_file)
        texts = ("status", "run", *(each.column for each in COLUMNS.values() if each.kind is str))
        fractions = [name for name, kind in get_type_hints(Result).items() if kind == float | None]
        return make_frame(
            {
                name: cells if name in texts else to_numbers(cells, name in fractions)
                for name, cells in table.items()
            }
        )

    @guard
    def report(self) -> Path:
        """Write report.html anew, a page for any browser, and return it: see `report_on`."""
        from keras_transfer.report import report_on

        return report_on(self.path)

    def _say(self) -> tuple[str, str]:
        """Return how many trainings are finished, and which configuration is the best."""
        from keras_transfer.compare.ranking.configurations import read_configurations
        from keras_transfer.compare.ranking.verdicts import find_best
        from keras_transfer.compare.reports.comparison_words import name_configuration

        table = self.read_results()
        rows = zip(table.get("strategy", []), table.get("status", []), strict=False)
        states = [status for strategy, status in rows if strategy != BASELINE]
        finished = f"{states.count(FINISHED)} of {len(states)} trainings are finished"
        configurations = read_configurations(self.results_file)
        if not configurations:
            return finished, ""
        best = find_best(configurations)
        name, interval = name_configuration(best, configurations), say_interval(best.interval)
        return finished, f"Best on validation: {name}, {best.accuracy:.3f} ({interval})"

    def __repr__(self) -> str:
        try:
            said = [line for line in self._say() if line]
        except (ValueError, LookupError):  # results.csv is not what we write
            said = []
        return "\n".join([super().__repr__(), *said])

    def _repr_html_(self) -> str:
        try:
            finished, best = self._say()
            table = draw_html_table(SHOWN, self._list_rows())
        except (ValueError, LookupError):
            return join_html(draw_path(self.path))
        figure = draw_thumbnail(self.figure_file, "Accuracy of each configuration")
        report = draw_link(self.report_file) if self.report_file.exists() else ""
        heading = draw_line(best, bold=True), draw_line(finished)
        return join_html(*heading, table, figure, draw_path(self.path), report)

    def _list_rows(self) -> list[tuple[Any, ...]]:
        """Return a row for each configuration of which a training is finished."""
        from keras_transfer.compare.ranking.configurations import read_configurations
        from keras_transfer.compare.ranking.verdicts import judge
        from keras_transfer.compare.reports.comparison_words import name_configuration

        configurations = read_configurations(self.results_file)
        return [
            (
                name_configuration(each, configurations),
                len(each.runs),
                each.accuracy,
                say_interval(each.interval),
                each.mean("test_accuracy"),
                verdict.words,
            )
            for each, verdict in zip(
                configurations, judge(configurations) if configurations else [], strict=True
            )
        ]
