"""Settings from YAML, from options and, where a run is resumed, from that run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import dump_config, read_yaml
from keras_transfer.run.plan_file import BEFORE, read_settings
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

if TYPE_CHECKING:
    from keras_transfer.config.command_line import Parser


def parse_config(parser: "Parser", arguments: Sequence[str]) -> TrainConfig:
    """Turn command-line words into settings, see `parse_words`."""
    return parse_words(parser, arguments, {})[0]


def parse_words(
    parser: "Parser", arguments: Sequence[str], own: Mapping[str, Any]
) -> tuple[TrainConfig, dict[str, Any]]:
    """Turn command-line words into settings, and options that are none.

    Args:
        parser: Of the command.
        arguments: The words.
        own: Options that say what the command does, not how it trains, and what they are where
            they are not given.

    Raises:
        ConfigError: A word is no option, or a value does not fit.
    """
    from keras_transfer.config.command_line import read_words

    file, options, printed = read_words(parser, arguments)
    found = {name: options.pop(name, usual) for name, usual in own.items()}
    config = build_config(file, options)
    if printed:
        print(dump_config(config), end="")  # noqa: T201 (to be read by programs)
        raise SystemExit(0)
    return config, found


def load_config(path: str | Path | None = None, /, **overrides: Any) -> TrainConfig:
    """Read settings from a YAML file, with keyword arguments on top of it.

    Args:
        path: A YAML file that states what differs from the defaults, or None for the defaults.
        **overrides: Top-level fields, or sections as dicts: `finetune={"epochs": 3}`; from
            `keras_transfer`, `dataset` may be arrays, a DataFrame …, see `fine_tune`. With
            `resume=RUN` the settings of that run take the place of the defaults.

    Raises:
        ConfigError: The file cannot be read, or a setting does not fit.
    """
    return build_config({} if path is None else read_yaml(path), overrides)


def load_recorded(run: Run) -> TrainConfig:
    """Return what config.yaml says of a run that has decided it.

    Raises:
        ConfigError: It cannot be read, or a setting does not fit.
    """
    return merge_layers({"data": BEFORE}, read_yaml(run.config_file))


def load_run_config(run: Run) -> TrainConfig:
    """Return the settings of a finished run, in which nothing is left to decide.

    Raises:
        ConfigError: config.yaml cannot be read, or leaves something open.
    """
    config = load_recorded(run)
    open_ones = {
        "strategy": config.strategy == "auto",
        "precision": config.precision == "auto",
        "data.image_size": config.data.image_size is None and config.data.modality != "text",
        "data.sequence_length": config.data.sequence_length == "auto"
        and config.data.modality == "text",
        "frozen.learning_rate": config.frozen.learning_rate == "auto",
    }
    if names := [name for name, is_open in open_ones.items() if is_open]:
        raise ConfigError(
            f"config.yaml of a finished run must say `{names[0]}`. Received: auto or nothing in "
            f"{run.config_file}. Restore it from a copy, or train anew."
        )
    return config


def build_config(file: Mapping[Any, Any], options: Mapping[str, Any]) -> TrainConfig:
    """Merge the layers: defaults or the run to be resumed, then the file, then the options.

    Args:
        file: What a YAML file states, or settings that are whole.
        options: What wins over it.

    Raises:
        ConfigError: A setting does not fit.
    """
    resumed = options.get("resume", file.get("resume"))
    if resumed == "auto" or not isinstance(resumed, str | Path):
        return merge_layers(file, options)
    return merge_layers(read_settings(Run(Path(resumed).expanduser())), file, options)
