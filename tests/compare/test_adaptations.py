"""Comparisons of ways to bring two domains together."""

import pytest

from keras_transfer.compare import compare_runs
from keras_transfer.compare.grid import read_grid
from keras_transfer.compare.ranking.configurations import read_configurations
from keras_transfer.compare.ranking.verdicts import find_best, judge
from keras_transfer.compare.reports.comparison_page import write_comparison_page
from keras_transfer.compare.reports.comparison_table import describe_comparison
from keras_transfer.system.errors import ConfigError

METHODS = ["none", "align"]


@pytest.fixture
def adapted(base, fake_train, stripes):
    # fewer validation images are right with align, and more of the target
    return compare_runs(**base, adaptations=METHODS, adapt={"target": str(stripes)}, seeds=[0, 1])


def test_accuracy_on_the_target_is_a_column_and_chooses_nothing(adapted):
    table = adapted.results()
    assert table["adaptation"] == ["none", "none", "align", "align"]
    assert [float(cell) for cell in table["target_accuracy"]] == [0.25, 0.25, 0.75, 0.75]
    configurations = read_configurations(adapted.results_file)
    assert find_best(configurations).settings["adaptation"] == "none"  # the first of equals
    said = describe_comparison(configurations, judge(configurations))
    assert "Best on validation: none." in said
    assert "It chose nothing" in said
    page = write_comparison_page(adapted).read_text()
    assert "Of the target" in page


def test_a_list_of_one_domain_has_no_column_of_the_target(base, fake_train):
    configurations = read_configurations(compare_runs(**base, seeds=[0]).results_file)
    assert "target" not in describe_comparison(configurations, judge(configurations))


@pytest.mark.parametrize("adapt", [{}, {"target": None}])
def test_methods_without_a_target_are_refused(adapt):
    with pytest.raises(ConfigError, match=r"`adaptations` need images .* --adapt.target FOLDER"):
        read_grid({"adaptations": METHODS, "adapt": adapt})


def test_targets_may_be_a_list_of_grid_and_are_named_in_full(stripes, monkeypatch):
    monkeypatch.chdir(stripes.parent)
    grid = read_grid({"adaptations": METHODS, "grid": {"adapt.target": [stripes.name, "tfds:x"]}})
    rows = grid.name_places().rows()
    assert {row.config.adapt.target for row in rows} == {str(stripes), "tfds:x"}
    assert len({row.name for row in rows}) == 4


def test_a_comparison_goes_on_with_its_methods(adapted):
    newer = compare_runs(resume=adapted.path, quiet=True)
    assert newer.results() == adapted.results()
    assert "adaptations:\n- none\n- align\n" in newer.grid_file.read_text()
