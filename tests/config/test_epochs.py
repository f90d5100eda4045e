"""What `epochs` means: of each phase, or of the one phase of a strategy."""

import pytest

from keras_transfer.compare.grid import read_grid
from keras_transfer.config.layers import ONE_PHASE, merge_layers
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.load_settings import load_config, parse_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.strategies import HEAD_FIRST, STRATEGIES, plan_phases

SETTLED = {"locked_layers": 0, "learning_rate": 1e-4}


def count(config):
    return config.frozen.epochs, config.finetune.epochs


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_epochs_are_those_of_each_phase_or_of_the_one_there_is(strategy):
    row = BACKBONES["mobilenetv3small"]
    config = load_config(backbone="mobilenetv3small", strategy=strategy, epochs=5, finetune=SETTLED)
    trained = [phase.epochs for phase in plan_phases(config, row)]
    assert sum(trained) == (10 if strategy in HEAD_FIRST else 5)
    assert (len(trained) == 1) == (strategy in ONE_PHASE)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_settings_that_were_written_train_the_same_again(strategy, write_yaml):
    config = load_config(strategy=strategy, epochs=5)
    assert load_config(write_yaml(dump_config(config))) == config


def test_the_phase_that_learns_gets_the_epochs(parser):
    words = ["--epochs", "5", "--strategy"]
    assert count(parse_config(parser, [*words, "feature_extraction"])) == (5, 0)
    assert count(parse_config(parser, [*words, "full"])) == (0, 5)
    assert count(parse_config(parser, [*words, "two_phase"])) == (5, 5)
    assert count(parse_config(parser, [*words, "auto"])) == (5, 5)


def test_the_strategy_may_stand_elsewhere_than_the_epochs(parser, write_yaml):
    file = ["--config", write_yaml("epochs: 5\nstrategy: full\n")]
    assert count(parse_config(parser, file)) == (0, 5)
    assert count(parse_config(parser, [*file, "--strategy", "two_phase"])) == (5, 5)
    assert count(parse_config(parser, [*file, "--epochs", "3"])) == (0, 3)


def test_settings_of_the_phases_keep_their_meaning(parser):
    words = ["--strategy", "full", "--frozen.epochs", "2", "--finetune.epochs", "3"]
    assert count(parse_config(parser, words)) == (2, 3)
    assert count(parse_config(parser, [*words, "--epochs", "7"])) == (2, 3)


def test_without_a_number_all_stays_as_it_was(parser):
    assert count(parse_config(parser, ["--strategy", "full"])) == ("auto", "auto")
    words = ["--strategy", "full", "--epochs", "auto"]
    assert count(parse_config(parser, words)) == ("auto", "auto")


def test_rows_of_a_comparison_train_equally_long():
    lists = {"strategies": ["two_phase", "full", "feature_extraction"]}
    for layer in ({"epochs": 3}, {"grid": {"epochs": [3]}}, {"epochs": 3, "strategy": "full"}):
        rows = read_grid(lists | layer).rows()
        assert {count(row.config) for row in rows} == {(3, 3)}
    assert count(merge_layers({"epochs": 3, "strategy": "full"})) == (0, 3)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"epochs": -3}, "`epochs` must be a whole number from 0"),
        ({"epochs": 0}, "`epochs` must be above 0 in at least one phase"),
        ({"epochs": 3, "finetune": {"epochs": -3}}, "`finetune.epochs` must be a whole number"),
        ({"finetune": {"epochs": -3}}, "`finetune.epochs` must be a whole number"),
        ({"batch_size": 0}, "`batch_size` must be from 1"),
        ({"data": {"batch_size": 0}}, "`data.batch_size` must be from 1"),
    ],
)
def test_an_error_names_the_option_that_was_given(stated, said):
    with pytest.raises(ConfigError) as refused:
        merge_layers(stated)
    assert str(refused.value).startswith(said)
