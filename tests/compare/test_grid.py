import dataclasses

import pytest

from keras_transfer.compare.grid import make_grid, read_grid
from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError

BASE = TrainConfig(backbone="mobilenetv3small", seed=4)


def settings(row):
    config = row.config
    return config.backbone, config.augment.preset, config.optimizer.schedule, config.seed


def test_without_lists_the_base_is_the_only_row():
    (row,) = make_grid(BASE, {}).rows()
    assert row.config.optimizer.schedule == "cosine"  # which `auto` is
    assert dataclasses.replace(row.config, optimizer=BASE.optimizer) == BASE
    assert row.name == "mobilenetv3small-two_phase-standard-cosine-4"


def test_rows_are_the_product_and_seeds_follow_each_other():
    lists = {
        "seeds": [1, 0],
        "schedules": ["cosine", "constant"],
        "backbones": ["vgg16", "resnet50"],
    }
    rows = make_grid(BASE, lists).rows()
    assert [settings(row) for row in rows] == [
        (backbone, "standard", schedule, seed)
        for backbone in ("vgg16", "resnet50")
        for schedule in ("cosine", "constant")
        for seed in (1, 0)
    ]


def test_a_backbone_that_nobody_has_pretrained_has_one_row_whatever_the_strategies():
    lists = {
        "strategies": ["two_phase", "full", "from_scratch"],
        "backbones": ["cnn5", "vgg16"],
        "seeds": [0, 1],
    }

    def list_names(base):
        return [row.name.replace("-standard-cosine", "") for row in make_grid(base, lists).rows()]

    scratch = ["cnn5-from_scratch-0", "cnn5-from_scratch-1"]
    others = [f"vgg16-{each}-{seed}" for each in lists["strategies"] for seed in (0, 1)]
    assert list_names(BASE) == scratch + others
    given = list_names(TrainConfig(weights="none"))
    assert "cnn5-two_phase-0" in given
    assert len(given) == 12


def test_any_setting_can_have_a_list():
    grid = {"finetune.learning_rate": [1e-4, 3e-5], "head": {"hidden": [0, 8]}, "epochs": [1, 2]}
    rows = make_grid(BASE, {"grid": grid, "seeds": [0, 1]}).rows()
    assert len(rows) == 16
    assert list(rows[0].values)[-4:] == [
        *("finetune.learning_rate", "head.hidden", "epochs", "seed")
    ]
    last = rows[-1].config
    assert (last.finetune.learning_rate, last.head.hidden) == (3e-5, 8)
    assert (last.frozen.epochs, last.finetune.epochs) == (2, 2)


def test_names_are_short_plain_and_of_one_row_each():
    grid = {"finetune.locked_layers": ["expanded_conv_7", 0.5], "weights": ["a/b", "a:b"]}
    names = [row.name for row in make_grid(BASE, {"grid": grid}).rows()]
    assert names[0] == "mobilenetv3small-two_phase-standard-cosine-expanded_conv_7-b-4"
    assert len(set(names)) == 4
    assert not any(letter in name for name in names for letter in "/: ")


def test_a_grid_is_read_back_as_it_was_written(tmp_path):
    lists = {"seeds": [0, 1], "grid": {"finetune.learning_rate": ["auto", 1e-4]}}
    grid = make_grid(BASE, lists)
    file = tmp_path / "comparison.yaml"
    file.write_text(grid.dump())
    assert read_grid(read_yaml(file)) == grid


def test_later_layers_win_over_lists_and_settings():
    grid = read_grid({"seeds": [0, 1], "backbone": "vgg16"}, {"seeds": [2], "epochs": 1})
    (row,) = grid.rows()
    assert (row.config.seed, row.config.backbone, row.config.frozen.epochs) == (2, "vgg16", 1)


@pytest.mark.parametrize(
    "option",
    [
        {"seed": 7},
        {"augment": {"preset": "none"}},
        {"finetune": {"learning_rate": 1e-3}},
        {"frozen": {"epochs": 3}, "finetune": {"epochs": 3}},
        {"epochs": 3},
    ],
)
def test_a_setting_of_a_later_layer_replaces_the_list(option):
    lists = {"seeds": [0, 1], "augmentations": ["none", "light"]}
    rates = {"finetune.learning_rate": [1e-4, 1e-5], "epochs": [1, 2]}
    file = lists | {"grid": rates}
    rows = read_grid(file, option).rows()
    assert len(rows) == 8
    assert {row.config for row in rows} <= {merge_layers(to_dict(r.config), option) for r in rows}
    assert len(read_grid(file | option).rows()) == 16  # in one layer the list wins


def test_a_list_of_a_short_option_is_left_for_what_is_not_stated():
    grid = read_grid({"grid": {"epochs": [1, 2]}}, {"frozen": {"epochs": 5}})
    found = [(row.config.frozen.epochs, row.config.finetune.epochs) for row in grid.rows()]
    assert found == [(5, 1), (5, 2)]


def test_names_that_differ_in_case_only_are_of_different_folders():
    names = [row.name for row in make_grid(BASE, {"grid": {"weights": ["a/B", "a/b"]}}).rows()]
    assert len({name.lower() for name in names}) == 2


def test_long_values_give_short_names_of_one_row_each():
    paths = [f"{'x' * 200}{index}" for index in range(2)]
    grid = {"weights": paths, "regularize.source": ["é" * 90, "è" * 90]}
    names = [row.name for row in make_grid(BASE, {"grid": grid}).rows()]
    assert len(set(names)) == 4
    assert all(len(name.encode()) < 115 for name in names)


@pytest.mark.parametrize(
    ("lists", "answer"),
    [
        ({"seeds": [0, 0]}, "`seeds` must be a list of different values. Received: [0, 0]."),
        ({"seeds": 3}, "`seeds` must be a list of at least one value. Received: 3."),
        ({"strategies": "full"}, "`strategies` must be a list of at least one value."),
        ({"grid": {"head.hidden": []}}, "`head.hidden` must be a list of at least one value."),
        ({"seeds": []}, "`seeds` must be a list of at least one value. Received: []."),
        ({"seeds": 0}, "`seeds` must be a list of at least one value. Received: 0."),
        ({"strategies": ""}, "`strategies` must be a list of at least one value."),
        ({"grid": []}, "`grid` must be lists by the names of settings, such as "),
        ({"grid": [1]}, "`grid` must be lists by the names of settings, such as "),
        ({"grid": {"seed": [1]}}, "`grid` must not hold seed. Write the list seeds beside it."),
        ({"grid": {"dataset": ["a"]}}, "`grid` must not hold dataset: all rows share it."),
        ({"grid": {"data": {"split_file": ["a"]}}}, "`grid` must not hold data.split_file: all"),
        ({"grid": {"head.hiden": [1]}}, "Unknown setting 'head.hiden'. Did you mean 'head.hidden'"),
        (
            {"grid": {"batch_size": [8], "data": {"batch_size": [8, 16]}}},
            "`grid` must not hold both data.batch_size and batch_size, which means it, too.",
        ),
        (
            {"weights": {"efficientnetb0": "a"}, "grid": {"weights": ["b"]}},
            "`grid` must not hold weights where `weights` names them by backbone",
        ),
    ],
)
def test_lists_that_do_not_fit_are_refused(lists, answer):
    with pytest.raises(ConfigError) as caught:
        read_grid(lists).rows()
    assert str(caught.value).startswith(answer)


def test_a_file_of_weights_is_of_one_backbone():
    with pytest.raises(ConfigError, match=r"^`weights` must be one of auto, .* several backbones"):
        read_grid({"weights": "some.weights.h5", "backbones": ["vgg16", "resnet50"]})


def test_each_backbone_may_have_weights_of_its_own(tmp_path):
    lists = {"backbones": ["vgg16", "resnet50", "mobilenetv2"]}
    grid = read_grid(lists | {"weights": {"vgg16": "a.h5", "mobilenetv2": "b.h5"}})
    assert [row.config.weights for row in grid.rows()] == ["a.h5", "auto", "b.h5"]
    file = tmp_path / "comparison.yaml"
    file.write_text(grid.dump())
    assert read_grid(read_yaml(file)) == grid
    with pytest.raises(ConfigError, match="Received: vgg19"):
        read_grid(lists | {"weights": {"vgg19": "a.h5"}})
    with pytest.raises(ConfigError, match=r"`weights\.vgg16` must be a path, .* Received: None"):
        read_grid(lists | {"weights": {"vgg16": None}})


def test_later_weights_drop_those_by_backbone_and_those_by_backbone_keep_the_others(tmp_path):
    own = {"backbones": ["vgg16", "resnet50"], "weights": {"vgg16": "a.h5"}}
    grid = read_grid(own, {"weights": "none"})
    assert [row.config.weights for row in grid.rows()] == ["none", "none"]
    grid = read_grid({"weights": "none"}, own)
    file = tmp_path / "comparison.yaml"
    file.write_text(grid.dump())
    for each in (grid, read_grid(read_yaml(file))):
        assert [row.config.weights for row in each.rows()] == ["a.h5", "none"]


def test_networks_of_users_have_short_names_full_paths_and_pixels_of_their_own(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.keras").touch()
    lists = {"preprocess": "tf", "backbones": ["file:mine.keras", "vgg16"]}
    lists["weights"] = {"file:mine.keras": "none", "vgg16": "auto"}
    mine, other = read_grid(to_dict(BASE) | lists).name_places().rows()
    assert mine.name == "mine-two_phase-standard-cosine-4"
    assert mine.config.backbone == f"file:{tmp_path}/mine.keras"
    assert (mine.config.weights, mine.config.preprocess) == ("none", "tf")
    assert (other.config.weights, other.config.preprocess) == ("auto", "auto")
