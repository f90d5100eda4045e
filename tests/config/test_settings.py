import dataclasses
from pathlib import Path

import numpy as np
import pytest

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError

HUGE = (1e300, 10.0**30)


SECTIONS = {
    "data": DataConfig,
    "augment": AugmentConfig,
    "head": HeadConfig,
    "frozen": FrozenConfig,
    "finetune": FinetuneConfig,
    "optimizer": OptimizerConfig,
    "regularize": RegularizeConfig,
    "adapt": AdaptConfig,
    "cache": CacheConfig,
}


def build(option, value):
    section, _, name = option.rpartition(".")
    return (SECTIONS[section] if section else TrainConfig)(**{name: value})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", -1),
        ("seed", 2**31),
        ("name", "a/b"),
        ("name", "."),
        ("name", ".."),
        ("data.image_size", 15),
        ("data.batch_size", 0),
        ("data.validation_fraction", 0.0),
        ("data.validation_fraction", 1.0),
        ("data.test_fraction", -0.1),
        ("data.test_fraction", 0.85),  # with 0.15 for validation nothing is left
        *[(f"{phase}.epochs", 10**30) for phase in ("frozen", "finetune")],
        *[(f"{phase}.learning_rate", 1e300) for phase in ("frozen", "finetune")],
        *[(f"data.{name}", 10**30) for name in ("batch_size", "image_size")],
        ("head.hidden", 10**30),
        ("cache.views", 10**30),
        *[(f"cache.{name}", size) for name in ("memory_gb", "disk_gb") for size in HUGE],
        *[(f"optimizer.{name}", 10**30) for name in ("accumulate", "patience")],
        *[(f"optimizer.{name}", size) for name in ("warmup", "clip_norm") for size in HUGE],
        ("optimizer.weight_decay", 1e300),
        ("regularize.strength", 1e300),
        ("finetune.unfreeze_every", 10**30),
        ("finetune.last_blocks", 10**30),
        ("finetune.locked_layers", 10**30),
        ("finetune.rates", {"head": 1e300}),
        ("head.hidden", -1),
        ("head.dropout", 1.0),
        ("head.dropout", -0.1),
        ("cache.views", 0),
        ("cache.views", True),
        ("cache.views", 2.0),
        ("cache.views", "many"),
        ("cache.memory_gb", -1.0),
        ("cache.memory_gb", "all"),
        ("cache.disk_gb", float("nan")),
        ("frozen.epochs", -1),
        ("frozen.epochs", "many"),
        ("frozen.epochs", 1.5),
        ("frozen.epochs", True),
        ("frozen.learning_rate", 0.0),
        ("finetune.epochs", -1),
        ("finetune.learning_rate", -1e-4),
        ("finetune.learning_rate", "fast"),
        ("finetune.learning_rate", None),
        ("finetune.learning_rate", True),
        ("optimizer.weight_decay", -0.1),
        ("optimizer.weight_decay", "some"),
        ("optimizer.warmup", -0.1),
        ("optimizer.clip_norm", -1.0),
        ("optimizer.accumulate", 0),
        ("optimizer.accumulate", 2.0),
        ("optimizer.ema", 1.0),
        ("finetune.last_blocks", 0),
        ("finetune.last_blocks", 1.0),
        ("finetune.unfreeze_every", 0),
        ("finetune.unfreeze_every", "auto"),
        ("finetune.layer_decay", 0.0),
        ("finetune.layer_decay", 1.1),
        ("finetune.layer_decay", "fast"),
        ("finetune.rates", {"head": 0.0}),
        ("finetune.rates", {"head": "fast"}),
        ("regularize.strength", 0.0),
        ("optimizer.label_smoothing", 1.0),
        ("optimizer.patience", -1),
    ],
)
def test_values_out_of_range_are_refused_by_the_name_of_the_option(option, value):
    with pytest.raises(ConfigError) as caught:
        build(option, value)
    message = str(caught.value)
    assert message.startswith(f"`{option}` must be ")
    assert message.endswith(f" Received: {value!r}.")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", 2**31 - 1),
        ("data.image_size", 16),
        ("data.batch_size", 1),
        ("data.test_fraction", 0),
        ("head.dropout", 0),
        ("frozen.epochs", 0),
        ("frozen.epochs", "auto"),
        ("optimizer.warmup", 0),
        ("optimizer.warmup", 3),
        ("optimizer.weight_decay", 0),
        ("optimizer.ema", 0),
        ("finetune.last_blocks", 1),
        ("finetune.last_blocks", "conv_1"),
        ("finetune.unfreeze_every", "plateau"),
        ("finetune.layer_decay", 1),
        ("finetune.rates", {"head": 1}),
        ("frozen.learning_rate", "auto"),
        ("optimizer.patience", 0),
        ("finetune.learning_rate", 1),
        ("finetune.learning_rate", "auto"),
    ],
)
def test_values_on_the_edge_of_a_range_are_accepted(option, value):
    assert getattr(build(option, value), option.rpartition(".")[2]) == value


@pytest.mark.parametrize(
    ("option", "value", "choices"),
    [
        ("precision", "half", "auto, float32, mixed_float16, mixed_bfloat16"),
        ("data.resize", "Crop", "crop, pad, stretch"),
        ("data.on_bad_file", None, "skip, error"),
        ("finetune.batch_norm", True, "auto, frozen, scale, adapt"),
    ],
)
def test_words_that_are_no_choice_are_refused_with_the_choices(option, value, choices):
    with pytest.raises(ConfigError) as caught:
        build(option, value)
    assert str(caught.value) == f"`{option}` must be one of {choices}. Received: {value!r}."


@pytest.mark.parametrize(
    ("option", "value", "kind"),
    [
        ("seed", "3", "a whole number"),
        ("seed", 1.0, "a whole number"),
        ("seed", True, "a whole number"),
        ("data.image_size", "64", "a whole number"),
        ("data.batch_size", None, "a whole number"),
        ("head.dropout", "0.5", "a number"),
        ("head.dropout", False, "a number"),
        ("head.batch_norm", 1, "true or false"),
        ("quiet", "yes", "true or false"),
        ("backbone", None, "text"),
        ("weights", 3, "text"),
        ("dataset", ["a"], "text"),
        ("augment.preset", None, "text"),
        ("optimizer.name", ["adam"], "text"),
        ("optimizer.schedule", 3, "text"),
        ("regularize.name", None, "text"),
        ("output", None, "a path"),
        ("data.data_dir", 3, "a path"),
        ("data", {"batch_size": 3}, "a DataConfig"),
    ],
)
def test_values_of_another_type_are_refused_in_words(option, value, kind):
    with pytest.raises(ConfigError) as caught:
        build(option, value)
    assert str(caught.value) == f"`{option}` must be {kind}. Received: {value!r}."


@pytest.mark.parametrize(
    "option", ["head.dropout", "optimizer.weight_decay", "frozen.learning_rate"]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(option, value):
    with pytest.raises(ConfigError, match=f"`{option}` must be finite"):
        build(option, value)


@pytest.mark.parametrize("option", ["head.dropout", "frozen.learning_rate", "cache.memory_gb"])
def test_whole_numbers_that_no_float_holds_are_refused(option):
    with pytest.raises(ConfigError, match=f"`{option}` must be "):
        build(option, 10**400)


@pytest.mark.parametrize("option", ["backbone", "dataset", "weights", "name", "augment.preset"])
def test_empty_text_is_refused(option):
    with pytest.raises(ConfigError, match=f"`{option}` must be at least one letter long"):
        build(option, "")


@pytest.mark.parametrize(
    "value", [1.0, 100.0, 0.0, -0.5, True, False, "true", "None", -1, "", None, [1]]
)
def test_locked_layers_that_could_be_misread_are_refused(value):
    with pytest.raises(ConfigError, match=r"`finetune\.locked_layers` must be "):
        FinetuneConfig(locked_layers=value)


@pytest.mark.parametrize("value", ["auto", 0.5, 100, 0, "block4b"])
def test_locked_layers_take_a_number_a_fraction_or_a_block(value):
    locked = FinetuneConfig(locked_layers=value).locked_layers
    assert locked == value
    assert type(locked) is type(value)


def test_a_training_of_no_epochs_is_refused():
    nothing = {"frozen": FrozenConfig(epochs=0), "finetune": FinetuneConfig(epochs=0)}
    with pytest.raises(ConfigError, match="at least one phase"):
        TrainConfig(**nothing)
    TrainConfig(frozen=nothing["frozen"])
    TrainConfig(finetune=nothing["finetune"])


def test_numbers_of_numpy_become_plain_ones():
    section = FinetuneConfig(
        epochs=np.int64(3), learning_rate=np.float32(0.5), locked_layers=np.float64(0.25)
    )
    values = section.epochs, section.learning_rate, section.locked_layers
    assert values == (3, 0.5, 0.25)
    assert list(map(type, values)) == [int, float, float]
    assert type(TrainConfig(seed=np.uint8(7)).seed) is int


def test_paths_and_text_stand_for_each_other():
    config = TrainConfig(output="runs", dataset=Path("a/b"), data=DataConfig(data_dir="sets"))
    assert (config.output, config.dataset, config.data.data_dir) == (
        Path("runs"),
        "a/b",
        Path("sets"),
    )


def test_settings_can_be_replaced_but_not_changed():
    config = TrainConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1
    with pytest.raises(ConfigError, match="`seed`"):
        dataclasses.replace(config, seed=-1)


def test_to_dict_holds_every_setting_as_a_plain_value():
    config = TrainConfig(
        name="first",
        output=Path("runs/of/today"),
        data=DataConfig(data_dir=Path("sets"), image_size=64),
        finetune=FinetuneConfig(locked_layers=0.5),
    )
    plain = to_dict(config)
    assert plain["output"] == "runs/of/today"
    assert plain["data"]["data_dir"] == "sets"
    assert set(plain) == {field.name for field in dataclasses.fields(TrainConfig)}
    leaves = [leaf for value in plain.values() for leaf in _leaves(value)]
    assert {type(leaf) for leaf in leaves} <= {str, int, float, bool, type(None)}
    sections = {name: kind(**plain[name]) for name, kind in SECTIONS.items()}
    assert TrainConfig(**plain | sections) == config


def _leaves(value):
    return value.values() if isinstance(value, dict) else [value]


def test_every_setting_is_documented_under_its_field():
    # jsonargparse shows these texts in --help
    import ast
    import inspect

    sources = map(inspect.getsource, (TrainConfig, *SECTIONS.values()))
    for node in (ast.parse(source).body[0] for source in sources):
        for field, below in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                documented = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                assert documented, f"{node.name}.{field.target.id}"
