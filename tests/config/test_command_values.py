"""What values mean, in a file and as an option, and how wrong ones are refused."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refuse

from keras_transfer.config.command_line import run_command
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.run.load_settings import load_config, parse_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.preflight import check_names


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("frozen: {learning_rate: 1e-4}", TrainConfig(frozen=FrozenConfig(learning_rate=1e-4))),
        ("frozen: {learning_rate: 3E+0}", TrainConfig(frozen=FrozenConfig(learning_rate=3.0))),
        ("frozen: {learning_rate: .5}", TrainConfig(frozen=FrozenConfig(learning_rate=0.5))),
        ("frozen: {learning_rate: 1}", TrainConfig(frozen=FrozenConfig(learning_rate=1.0))),
        (
            "finetune: {locked_layers: 1e-1}",
            TrainConfig(finetune=FinetuneConfig(locked_layers=0.1)),
        ),
        ("finetune: {locked_layers: 100}", TrainConfig(finetune=FinetuneConfig(locked_layers=100))),
        ("name: 2026-11-20", TrainConfig(name="2026-11-20")),  # a date to YAML 1.1
        ("dataset: on", TrainConfig(dataset="on")),  # true to YAML 1.1
        ("weights: none", TrainConfig(weights="none")),
        ("dataset: null", TrainConfig()),
        ("dataset: 'null'", TrainConfig(dataset="null")),
        ("data.batch_size: 7", TrainConfig(data=DataConfig(batch_size=7))),
    ],
)
def test_values_of_a_file_mean_what_a_person_reads(write_yaml, content, expected):
    assert load_config(write_yaml(content)) == expected


def test_settings_of_the_augmentation_go_on_top_of_its_preset(parser, write_yaml):
    file = write_yaml("augment: {preset: light, hue: 0.1, crop: 0.5, blur: null}")
    words = ["--augment.mixup", "0.2", "--augment.flip", "false", "--augment.crop=1"]
    found = parse_config(parser, ["--config", file, *words]).augment
    assert found == AugmentConfig(preset="light", hue=0.1, crop=1.0, mixup=0.2, flip=False)
    assert load_config(write_yaml(dump_config(TrainConfig(augment=found)))).augment == found
    for option, word in (("flip", "0.5"), ("flip", "1"), ("mixup", "true"), ("mixup", "11")):
        message = refuse(parser, f"--augment.{option}={word}")
        assert message.startswith(f"`augment.{option}` must be "), message


@pytest.mark.parametrize("value", ["1.0", "100.0", "1e2", "true", "-1", "''", "null", "[1]"])
def test_locked_layers_that_could_be_misread_are_refused_in_a_file(parser, write_yaml, value):
    message = refuse(parser, "--config", write_yaml(f"finetune: {{locked_layers: {value}}}"))
    assert message.startswith("`finetune.locked_layers` must be ")


@pytest.mark.parametrize("value", ["1.0", "100.0", "1e2", "true", "-1", ""])
def test_locked_layers_that_could_be_misread_are_refused_as_an_option(parser, value):
    message = refuse(parser, f"--finetune.locked_layers={value}")
    assert message.startswith("`finetune.locked_layers` must be ")


@pytest.mark.parametrize(
    ("word", "value"), [("0.5", 0.5), ("100", 100), ("0", 0), ("block4b", "block4b")]
)
def test_locked_layers_keep_their_kind_as_an_option(parser, word, value):
    locked = parse_config(parser, ["--finetune.locked_layers", word]).finetune.locked_layers
    assert locked == value
    assert type(locked) is type(value)


@pytest.mark.parametrize(
    "words",
    [
        ["--data.value_range", "-1000,1000"],
        ["--data.value_range=-1000,1000"],
        ["--quiet", "--data.value_range", "-1000,1000", "--seed", "3"],
    ],
)
def test_a_pair_may_begin_with_a_negative_number(parser, words):
    assert parse_config(parser, words).data.value_range == "-1000,1000"


@pytest.mark.parametrize(
    "word", ["3", "1e5", "true", "[x", "a: b", "a # b", " a", "2024-01-01", "@x", "*"]
)
def test_text_stays_text_whatever_it_looks_like(parser, word):
    assert parse_config(parser, [f"--dataset={word}"]).dataset == word


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--data", "3"], "`data` must be a section of settings such as data.image_size. Received: '3'. Did you mean '--dataset 3'?"),  # noqa: E501
        (["--data.batch_size", "x"], "`data.batch_size` must be a whole number. Received: x."),
        (["--batch_size", "1.5"], "`batch_size` must be a whole number. Received: 1.5."),
        (["--data.image_size=big"], "`data.image_size` must be a whole number. Received: big."),
        (["--head.dropout", "much"], "`head.dropout` must be a number. Received: much."),
        (["--head.batch_norm=maybe"], "`head.batch_norm` must be true or false. Received: maybe."),
        (["--data.resize=crp"], "`data.resize` must be one of crop, pad, stretch. Received: crp."),
        (["--quiet", "maybe"], "`quiet` must be true or false. Received: maybe."),
        (["--seed"], "`seed` must be followed by a value. Received: none."),
        (["--epochs=few"], "`epochs` must be a whole number from 0 to 1,000,000, or 'auto'. Received: 'few'."),  # noqa: E501
        (["--head", "{hidden: x}"], "`head.hidden` must be a whole number. Received: x."),
        (["--head", "{hidden: -1}"], "`head.hidden` must be from 0 to 65,536 units. Received: -1."),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_by_the_name_of_the_option(parser, words, expected):
    assert refuse(parser, *words) == expected


@pytest.mark.parametrize(
    "words", [["--seed"], ["--name=a/"], ["--backbone"], ["--weights"], ["--optimizer"], ["--x="]]
)
def test_long_values_are_shortened(parser, words, capsys):
    long = "x" * 3000
    words = [*words[:-1], words[-1] + long] if "=" in words[-1] else [*words, long]
    with pytest.raises(SystemExit) as caught:
        run_command(lambda _: check_names(parse_config(parser, words)))
    assert caught.value.code == 2
    assert 10 < len(capsys.readouterr().err) < 700


INTERNALS = re.compile(
    r"Parser key|typing\.|<class|Traceback|Namespace|functools|argparse|\n|Union|Unable"
)
WRONG = ["x", "3.5", "-7", "null", "[1]", "[]", "{}", "{a: 1}", "{a: {b: 1}}", "{", "true", "", "'"]


@pytest.mark.thorough
@pytest.mark.parametrize("value", WRONG)
def test_no_message_shows_the_insides_of_the_parser(parser, write_yaml, value):
    options = [option[2:] for action in parser._actions for option in action.option_strings]
    messages = []
    for option in options:
        if option not in ("help", "config", "print_config"):
            messages += _answers(parser, f"--{option}={value}")
            messages += _answers(parser, "--config", write_yaml(f"{option}: {value}"))
    assert len(messages) > 20
    assert [message for message in messages if INTERNALS.search(message)] == []


def _answers(parser, *words):
    try:
        parse_config(parser, words)
    except ConfigError as error:  # and nothing else
        return [str(error)]
    return []


LIKE_NO_TEXT = [
    "null",
    "~",
    "true",
    "on",
    "1e-4",
    "1e5",
    "010",
    "0x1f",
    "2026-11-20",
    "1:30",
    "a\nb",
]
texts = st.sampled_from(LIKE_NO_TEXT) | st.text(
    st.characters(exclude_categories=["C", "Z"]), min_size=1
)


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    dataset=st.none() | texts,
    weights=texts,
    seed=st.integers(0, 2**31 - 1),
    quiet=st.booleans(),
    epochs=st.just("auto") | st.integers(0, 10**6),
    learning_rate=st.floats(0, 100, exclude_min=True),
    locked_layers=st.floats(0, 1, exclude_min=True, exclude_max=True)
    | st.integers(0, 10**6)
    | texts.filter(lambda text: text.lower() not in ("true", "false", "none")),
    data_dir=st.none() | texts.map(Path),
)
def test_dumped_settings_are_read_back_as_they_were(
    tmp_path, dataset, weights, seed, quiet, epochs, learning_rate, locked_layers, data_dir
):
    config = TrainConfig(
        dataset=dataset,
        weights=weights,
        seed=seed,
        quiet=quiet,
        data=DataConfig(data_dir=data_dir),
        frozen=FrozenConfig(epochs=epochs, learning_rate=learning_rate),
        finetune=FinetuneConfig(locked_layers=locked_layers),
    )
    file = tmp_path / "config.yaml"
    file.write_text(dump_config(config), encoding="utf-8")
    again = load_config(file)
    assert again == config
    assert type(again.finetune.locked_layers) is type(locked_layers)


def test_overrides_of_load_config_lie_on_top_of_the_file(write_yaml):
    file = write_yaml("name: first\ndataset: photos\ndata: {batch_size: 4, image_size: 64}\n")
    config = load_config(Path(file), name=None, seed=3, data={"batch_size": 8}, epochs=2)
    assert config == TrainConfig(
        name=None,
        seed=3,
        dataset="photos",
        data=DataConfig(batch_size=8, image_size=64),
        frozen=FrozenConfig(epochs=2),
        finetune=FinetuneConfig(epochs=2),
    )
    assert load_config(file, data={"image_size": None}).data == DataConfig(batch_size=4)


def test_overrides_of_load_config_may_be_sections_and_keep_every_text():
    augment, head = AugmentConfig(preset="none"), HeadConfig(hidden=3)
    config = load_config(augment=augment, head=head, dataset="null", name="a=b")
    assert config == TrainConfig(augment=augment, head=head, dataset="null", name="a=b")


@pytest.mark.parametrize(
    ("overrides", "answer"),
    [
        ({"sed": 3}, "Unknown setting 'sed'. Did you mean 'seed'?"),
        ({"data": {"batch": 3}}, "Unknown setting 'data.batch'. Did you mean 'data.batch_size'"),
        ({"data": 3}, "`data` must be a section of settings"),
        ({"seed": "3"}, "`seed` must be a whole number"),
    ],
)
def test_wrong_overrides_of_load_config_are_refused(overrides, answer):
    with pytest.raises(ConfigError, match="^" + re.escape(answer)):
        load_config(**overrides)
