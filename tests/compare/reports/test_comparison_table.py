"""What a comparison says in the end: which backbone, every row, and why some failed."""

import pytest
from fake_train import FAIL

from keras_transfer import compare
from keras_transfer.compare import compare_runs


@pytest.fixture
def tell(base, fake_train, capsys):
    """Return a function that compares, and returns the lines that are shown."""

    def run(**settings):
        compare_runs(**base | {"quiet": False, "weights": "none"} | settings)
        return capsys.readouterr().out.splitlines()

    return run


def find_row(lines, *words):
    (found,) = [line.split() for line in lines if line.split()[: len(words)] == [*words]]
    return found


def test_the_backbone_of_all_rows_stands_above_the_table(tell):
    lines = tell(seeds=[0, 1], grid={"optimizer.patience": [0, 8]})
    place = lines.index("Backbone: mobilenetv3small")
    assert lines[place + 2].split()[:2] == ["patience", "seeds"]


def test_backbones_that_differ_have_a_column(tell):
    lines = tell(backbones=["mobilenetv3small", "mobilenetv2"])
    assert not [line for line in lines if line.startswith("Backbone")]
    assert find_row(lines, "backbone", "seeds")
    assert find_row(lines, "mobilenetv2", "1")


def test_rows_that_failed_stand_in_the_table_and_in_the_last_lines(tell, tmp_path):
    lines = tell(seeds=[0, 1], grid={"head.hidden": [8, FAIL, 16]})
    assert find_row(lines, str(FAIL)) == [str(FAIL), "0", "of", "2", "failed"]
    assert "best" in find_row(lines, "8", "2")
    end = lines[-6:]
    reason = "failed: Images must stay as they are."
    names = [f"mobilenetv3small-two_phase-standard-cosine-{FAIL}-{seed}" for seed in (0, 1)]
    assert end[:2] == [f"WARNING: {name} {reason}" for name in names]
    resume = f"python -m keras_transfer.compare --resume {tmp_path / 'all'}"
    assert end[2] == f"WARNING: Mend that and try them again: {resume}"
    assert "of those of which no row is missing" in "\n".join(lines)


def test_one_finished_configuration_is_not_called_the_only_one(tell):
    lines = tell(grid={"head.hidden": [8, FAIL]})
    assert "Only one configuration is finished, so nothing is compared." in lines
    assert "There is one configuration only, so nothing is compared." in tell(name="other")


def test_many_failed_rows_are_counted(tell, monkeypatch):
    monkeypatch.setattr(compare, "SHOWN_FAILED", 1)
    lines = tell(seeds=[0, 1, 2], grid={"head.hidden": [FAIL]})
    assert "2 more rows failed, see " in "\n".join(lines[-4:])
