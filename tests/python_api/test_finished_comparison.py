import pytest
from fake_runs import write_comparison, write_run, write_table
from PIL import Image

import keras_transfer as kt
from keras_transfer.compare.columns import list_columns

HOSTILE = "<script>\x1b[31m"


@pytest.fixture
def comparison(tmp_path):
    """Two strategies, one better, and one of whose training failed."""
    lines = []
    for seed, (strategy, share) in enumerate({"full": 1.0, "partial": 0.5, HOSTILE: None}.items()):
        run, status = f"runs/{seed}", "finished"
        numbers = [share, share, share, "", "", 100, 20, "", ""]
        if share is None:
            status, numbers = "failed: memory", [""] * 9
        else:
            write_run(tmp_path / run, [index < 20 * share for index in range(20)])
        lines.append([strategy, "tiny", "none", "cosine", "none", 0, status, *numbers, run])
    write_table(tmp_path / "results.csv", list_columns([]), lines)
    Image.new("RGB", (900, 300)).save(tmp_path / "comparison.png")
    return kt.Comparison(tmp_path)


def test_results_are_numbers(comparison, with_and_without_pandas):
    table = comparison.results()
    assert list(table) == list_columns([])
    assert list(table["strategy"])[:2] == ["full", "partial"]
    assert list(table["status"]) == ["finished", "finished", "failed: memory"]
    assert list(table["seed"]) == [0, 0, 0]
    assert list(table["validation_accuracy"])[:2] == [1.0, 0.5]
    assert table["seconds"].dtype == table["peak_memory_mb"].dtype == "float64"
    assert table["seconds"][2] != table["seconds"][2]  # NaN


def test_fractions_are_floats_even_if_all_of_them_are_whole(comparison):
    *finished, _ = comparison.results_file.read_text().splitlines()
    comparison.results_file.write_text("\n".join(finished) + "\n")
    table = comparison.results()
    assert table["seconds"].dtype == "float64"
    assert table["trainable_parameters"].dtype == "int64"


def test_the_program_still_reads_it_as_text(comparison):
    assert not comparison.is_finished()
    assert comparison.read_results()["seed"] == ["0", "0", "0"]


def test_it_says_itself_in_three_lines(comparison):
    assert repr(comparison).splitlines() == [
        f"Comparison({str(comparison.path)!r})",
        "2 of 3 trainings are finished",
        "Best on validation: full, 1.000 (0.839 - 1.000)",
    ]


def test_a_notebook_shows_the_table_the_figure_and_the_place(comparison):
    shown = comparison._repr_html_()
    assert "partial" in shown
    assert "worse" in shown
    assert 'src="data:image/png;base64,' in shown
    assert str(comparison.path) in shown
    assert "<script" not in shown
    assert "report.html" not in shown


def test_report_makes_the_page_anew_and_a_notebook_leads_to_it(tmp_path):
    rows = [("full", "mobilenetv2", 0, [True, True, False])]
    comparison = kt.Comparison(write_comparison(tmp_path / "one", rows).path)
    assert comparison.report() == comparison.report_file
    assert comparison.report_file.is_file()
    assert str(comparison.report_file) in comparison._repr_html_()


def test_a_comparison_without_a_finished_row_has_no_page(tmp_path):
    made = write_comparison(tmp_path / "none", [("full", "mobilenetv2", 0, "waiting")])
    with pytest.raises(kt.ConfigError, match="must have a finished row"):
        kt.Comparison(made.path).report()


@pytest.mark.parametrize("content", [None, "", "status\n", "status,run\nfinished,nowhere\n"])
def test_one_that_cannot_be_read_is_shown_by_its_place(content, comparison):
    comparison.results_file.unlink()
    if content is not None:
        comparison.results_file.write_text(content)
    assert repr(comparison).startswith(f"Comparison({str(comparison.path)!r})")
    assert str(comparison.path) in comparison._repr_html_()
