import re
import subprocess
import sys

import pytest
from refusals import refuse

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.layers import SHORT_OPTIONS
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.load_settings import load_config, parse_config
from keras_transfer.system.errors import ConfigError


def test_no_words_give_the_defaults(parser):
    assert parse_config(parser, []) == TrainConfig() == load_config()


def test_options_win_over_the_file_and_the_file_over_the_defaults(parser, write_yaml):
    file = write_yaml("seed: 1\nbackbone: resnet50\ndata: {batch_size: 4, image_size: 64}\n")
    expected = TrainConfig(
        seed=2, backbone="resnet50", data=DataConfig(batch_size=8, image_size=64)
    )
    options = ["--seed", "2", "--data.batch_size=8"]
    assert parse_config(parser, ["--config", file, *options]) == expected
    assert parse_config(parser, [*options, "--config", file]) == expected


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        (int, "true", "`tta` must be a whole number. Received: 'true'."),
        (float, "much", "`tta` must be a number. Received: 'much'."),
    ],
)
def test_a_plain_parser_says_what_a_value_must_be(kind, value, answer):
    parser = PlainParser("evaluate", None)
    parser.add_argument("--tta", type=kind)
    with pytest.raises(ConfigError, match=re.escape(answer)):
        parser.parse_args(["--tta", value])


def test_short_options_mean_the_settings_of_the_sections(parser):
    words = ["--batch_size", "7", "--image_size", "64", "--epochs", "3"]
    assert parse_config(parser, words) == TrainConfig(
        data=DataConfig(batch_size=7, image_size=64),
        frozen=FrozenConfig(epochs=3),
        finetune=FinetuneConfig(epochs=3),
    )


def test_short_options_work_in_a_file(write_yaml):
    config = load_config(write_yaml("batch_size: 7\nimage_size: 64\nepochs: 3\n"))
    assert (config.data.batch_size, config.data.image_size) == (7, 64)
    assert (config.frozen.epochs, config.finetune.epochs) == (3, 3)


def test_options_win_over_the_file_whichever_of_the_two_is_short(parser, write_yaml):
    short = ["--config", write_yaml("batch_size: 7\nepochs: 5\n")]
    config = parse_config(parser, [*short, "--data.batch_size", "8", "--finetune.epochs", "2"])
    assert (config.data.batch_size, config.frozen.epochs, config.finetune.epochs) == (8, 5, 2)
    long = ["--config", write_yaml("data: {batch_size: 7}\nfrozen: {epochs: 5}\n")]
    config = parse_config(parser, [*long, "--batch_size", "8", "--epochs", "2"])
    assert (config.data.batch_size, config.frozen.epochs, config.finetune.epochs) == (8, 2, 2)


@pytest.mark.parametrize("swap", [False, True])
def test_a_setting_wins_over_the_short_option_beside_it(parser, swap):
    words = ["--epochs=5", "--frozen.epochs=2"]
    config = parse_config(parser, words[::-1] if swap else words)
    assert (config.frozen.epochs, config.finetune.epochs) == (2, 5)


def test_every_short_option_means_settings_that_exist(parser):
    options = {option for action in parser._actions for option in action.option_strings}
    for short, fields in SHORT_OPTIONS.items():
        assert {f"--{name}" for name in (short, *fields)} <= options


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        (["--quiet"], True),
        (["--quiet", "--seed", "0"], True),
        (["--seed", "0", "--quiet"], True),
        (["--quiet=true"], True),
        (["--quiet", "false"], False),
        (["--quiet=false"], False),
    ],
)
def test_flags_may_stand_alone(parser, words, quiet):
    assert parse_config(parser, words) == TrainConfig(quiet=quiet)


@pytest.mark.parametrize(
    ("flag", "name", "on", "off"),
    [("quiet", "quiet", True, False), ("tensorboard", "logger", "tensorboard", "none")],
)
def test_a_flag_of_the_command_line_wins_over_the_file(parser, write_yaml, flag, name, on, off):
    file = write_yaml(f"{flag}: true")
    assert getattr(parse_config(parser, ["--config", file]), name) == on
    assert getattr(parse_config(parser, ["--config", file, f"--{flag}=false"]), name) == off


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        (
            "--backbon=x",
            "Unknown option --backbon. Did you mean '--backbone' or '--list_backbones'?",
        ),
        ("--seeed", "Unknown option --seeed. Did you mean '--seed'"),
        (
            "--data.batch_sise=3",
            "Unknown option --data.batch_sise. Did you mean '--data.batch_size'",
        ),
        (
            "--locked_layers=3",
            "Unknown option --locked_layers. Did you mean '--finetune.locked_layers'",
        ),
        ("--see=3", "Unknown option --see. Did you mean '--seed'"),  # no abbreviations
        ("--xyzzy", "Unknown option --xyzzy. See --help all."),
        ("photos", "Every word must belong to an option. Received: 'photos'. See --help."),
    ],
)
def test_unknown_options_are_answered_with_close_ones(parser, word, answer):
    assert refuse(parser, word).startswith(answer)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("sed: 3", "Unknown setting 'sed'. Did you mean 'seed'?"),
        (
            "data: {batch_sise: 3}",
            "Unknown setting 'data.batch_sise'. Did you mean 'data.batch_size'",
        ),
        (
            "locked_layers: 3",
            "Unknown setting 'locked_layers'. Did you mean 'finetune.locked_layers'",
        ),
        ("epoch: 3", "Unknown setting 'epoch'. Did you mean 'epochs'"),
        (
            "head: {hidden: {units: 3}}",
            "`head.hidden` must be a whole number. Received: {'units': 3}.",
        ),
        ("xyzzy: 3", "Unknown setting 'xyzzy'. See --help all."),
        ("config: other.yaml", "Unknown setting 'config'. See --help all."),
        ("1: 2", "Unknown setting '1'. See --help all."),
    ],
)
def test_unknown_settings_of_a_file_are_answered_with_close_ones(
    parser, write_yaml, content, answer
):
    assert refuse(parser, "--config", write_yaml(content)).startswith(answer)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("3", "it holds no `name: value` lines"),
        ("- seed\n- 3\n", "it holds no `name: value` lines"),
        ("just words", "it holds no `name: value` lines"),
        ("seed: 1\nname: [\n", "line 3: "),
        ("\tseed: 3", "line 1: found character '\\t'"),
        ("seed: !!python/object:os.system x", "line 1: could not determine a constructor"),
        (b"\xff\xfe\x00", "codec can't decode"),
        (b"seed: 3\x00", "special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_one_line(parser, write_yaml, content, fault):
    file = write_yaml(content)
    message = refuse(parser, "--config", file)
    assert message.startswith(f"`config` must be a YAML file of settings. Received: {file} (")
    assert fault in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("file", "fault"), [("nowhere.yaml", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(parser, tmp_path, file, fault):
    file = tmp_path / file
    expected = f"`config` must be a YAML file of settings. Received: {file} ({fault})."
    assert refuse(parser, "--config", str(file)) == expected
    with pytest.raises(ConfigError, match=re.escape(expected)):
        load_config(file)


@pytest.mark.parametrize(
    "content", ["", "# nothing but a comment\n", "data:\n# batch_size: 3\n", "{}"]
)
def test_a_file_may_state_nothing(write_yaml, content):
    assert load_config(write_yaml(content)) == TrainConfig()


def test_files_with_a_byte_order_mark_or_other_letters_are_read(write_yaml):
    assert load_config(
        write_yaml(b"\xef\xbb\xbfdataset: B\xc3\xbccher/\xe8\x9c\x82")
    ) == TrainConfig(dataset="Bücher/蜂")


def test_print_config_prints_settings_that_can_be_read_back(parser, capsys, write_yaml):
    words = ["--epochs", "3", "--name", "new", "--config", write_yaml("batch_size: 7")]
    with pytest.raises(SystemExit) as caught:
        parse_config(parser, ["--print_config", *words])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert load_config(write_yaml(printed)) == parse_config(parser, words)


def test_commands_exit_with_2_and_one_line_for_what_the_user_can_mend(capsys):
    def command(arguments):
        raise ConfigError("two\nlines")

    with pytest.raises(SystemExit) as caught:
        run_command(command)
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: two lines\n")


def test_commands_keep_the_traceback_of_other_errors_and_leave_quietly_on_ctrl_c():
    def fail(arguments):
        raise ValueError("a bug")

    def interrupt(arguments):
        raise KeyboardInterrupt

    with pytest.raises(ValueError, match="a bug"):
        run_command(fail)
    with pytest.raises(SystemExit) as caught:
        run_command(interrupt)
    assert caught.value.code == 130


def run_python(*words, cwd):
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--backbone", "efficentnetb0"], "Unknown backbone 'efficentnetb0'. Did you mean "),
        (["--data.batch_size", "x"], "`data.batch_size` must be a whole number. Received: x."),
        (
            ["--weights", "imagnet"],
            "`weights` must be auto, imagenet, bundled, preset, none, or the path ",
        ),
    ],
)
def test_train_answers_a_wrong_setting_with_one_line_and_makes_no_folder(words, answer, tmp_path):
    done = run_python("-m", "keras_transfer.train", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {answer}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--backbone", "nothing"],
        ["--seed", "x"],
        ["--weights", "nothing"],
        ["--optimizer.name", "nothing"],
    ],
)
def test_help_and_wrong_settings_need_neither_tensorflow_nor_keras(words, tmp_path):
    script = (
        "import runpy, sys\n"
        "sys.argv[0] = 'train'\n"
        "try:\n"
        "    runpy.run_module('keras_transfer.train', run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(sorted({'keras', 'tensorflow', 'sklearn', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = run_python("-c", script, *words, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_shows_every_setting_and_where_it_stands(parser, capsys):
    with pytest.raises(SystemExit):
        parse_config(parser, ["--help", "all"])
    shown = capsys.readouterr().out
    for option in ("--batch_size", "--data.batch_size", "--finetune.locked_layers", "--config"):
        assert f"  {option} " in shown
    assert "Examples per step. Lower it when memory runs out." in " ".join(shown.split())
