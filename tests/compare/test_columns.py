"""A list of a comparison is one row of `COLUMNS`: put one in, and it is known everywhere."""

import pytest

from keras_transfer.compare import compare_runs, main
from keras_transfer.compare.columns import COLUMNS, Column, list_columns
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.grid import read_grid
from keras_transfer.compare.ranking.configurations import read_configurations
from keras_transfer.compare.ranking.verdicts import judge
from keras_transfer.compare.reports.comparison_table import describe_comparison
from keras_transfer.compare.reports.comparison_words import name_configuration
from keras_transfer.config.layers import flatten
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError

PLACES = [0, 2, len(COLUMNS)]  # in the table: first, in the middle, behind the seeds


@pytest.fixture
def put():
    """Return a function that puts a row into `COLUMNS`, at a place, until the test ends."""
    former = [*COLUMNS.items()]

    def replace(rows):
        COLUMNS.clear()
        COLUMNS.update(rows)

    yield lambda option, row, place: replace([*former[:place], (option, row), *former[place:]])
    replace(former)


@pytest.fixture
def put_optimizers(put):
    row = Column(setting="optimizer.name", column="optimizer")
    return lambda place: put("optimizers", row, place)


@pytest.mark.parametrize("option", COLUMNS)
def test_every_list_is_of_a_setting_that_grid_leaves_to_it(option):
    row, settings = COLUMNS[option], flatten(to_dict(TrainConfig()))
    assert option not in settings
    (grid,) = read_grid({option: [settings[row.setting]]}).rows()
    told = {"optimizer.schedule": "cosine"}  # what `auto` is, by which rows are called
    assert grid.values[row.setting] == (settings | told)[row.setting]
    with pytest.raises(ConfigError, match=f"`grid` must not hold .* Write the list {option} "):
        read_grid({"grid": {row.setting: [settings[row.setting]]}})


def test_every_column_has_a_name_of_its_own():
    columns = list_columns(["head.hidden"])
    assert len({*columns}) == len(columns)


@pytest.mark.parametrize("place", [PLACES[0], pytest.param(PLACES[-1], marks=pytest.mark.thorough)])
def test_values_of_a_new_list_land_under_its_column(
    base, fake_train, tmp_path, put_optimizers, place
):
    columns = [each.column for each in COLUMNS.values()]
    columns.insert(place, "optimizer")
    put_optimizers(place)
    words = [f"--{name}={value}" for name, value in base.items()]
    words += ["--optimizers", "lion", "sgd", "--schedules", "constant", "cosine"]
    words += ["--seeds", "3", "1", "--augment.preset=light", "--strategy=full"]
    assert main(words) == 0
    comparison = Comparison.open(tmp_path / "all")
    table = comparison.results()
    assert list(table)[: len(columns)] == columns
    assert len({*table["run"]}) == 8
    for index, run in enumerate(table["run"]):
        trained = flatten(read_yaml(comparison.path / run / "config.yaml"))
        for each in COLUMNS.values():
            assert table[each.column][index] == str(trained[each.setting])
    configurations = read_configurations(comparison.results_file)
    assert len(configurations) == 4
    for each in configurations:
        assert each.seeds == ("3", "1")
        assert list(each.settings) == [name for name in columns if name != "seed"]
        assert (each.settings["strategy"], each.settings["augmentation"]) == ("full", "light")
        said = name_configuration(each, configurations).split(", ")
        assert {*said} == {each.settings["schedule"], each.settings["optimizer"]}
    heading = describe_comparison(configurations, judge(configurations)).splitlines()[2].split()
    assert {*heading[:2]} == {"schedule", "optimizer"}


@pytest.mark.parametrize("place", PLACES)
def test_a_new_list_is_an_option_and_a_line_of_files(put_optimizers, place, capsys, tmp_path):
    put_optimizers(place)
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out.splitlines()
    for option in COLUMNS:
        assert any(line.startswith(f"  --{option} VALUE") for line in shown)
    file = tmp_path / "grid.yaml"
    file.write_text("optimizers: [lion, sgd]\n")
    assert main(["--config", str(file), "--print_config"]) == 0
    file.write_text(capsys.readouterr().out)
    grid = read_grid({k: v for k, v in read_yaml(file).items() if k not in ("jobs", "engine")})
    assert [row.config.optimizer.name for row in grid.rows()] == ["lion", "sgd"]
    assert main(["--config", str(file), "--optimizer.name", "adam", "--print_config"]) == 0
    assert "optimizers:\n- adam\n" in capsys.readouterr().out


@pytest.mark.parametrize("place", PLACES[1:2])
def test_a_comparison_older_than_a_list_is_read_and_goes_on(
    base, fake_train, put_optimizers, place
):
    grid = {"head.hidden": [0, 8]}
    comparison = compare_runs(**base, seeds=[0, 1], grid=grid)
    older, calls = comparison.results(), (comparison.runs / "calls.txt").read_text()
    assert "optimizers" not in comparison.grid_file.read_text()
    put_optimizers(place)
    first, second = read_configurations(comparison.results_file)
    assert list(first.settings) == [
        *("strategy", "backbone", "augmentation", "schedule", "adaptation", "head.hidden")
    ]
    assert [first.settings["head.hidden"], second.settings["head.hidden"]] == ["0", "8"]
    assert first.seeds == second.seeds == ("0", "1")
    newer = compare_runs(resume=comparison.path, quiet=True).results()
    assert newer.pop("optimizer") == ["adamw"] * 4
    assert newer == older
    assert (comparison.runs / "calls.txt").read_text() == calls  # nothing was trained again
    assert "optimizers:\n- adamw\n" in comparison.grid_file.read_text()


def test_numbers_are_said_with_what_they_are(base, fake_train, put):
    put("batch_sizes", Column(setting="data.batch_size", column="batch_size", kind=int), 0)
    comparison = compare_runs(**base, batch_sizes=[8, 16])
    configurations = read_configurations(comparison.results_file)
    names = [name_configuration(each, configurations) for each in configurations]
    assert names == ["batch_size 8", "batch_size 16"]
