"""What is compared: settings of a training, and lists of values over some of them."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.compare.columns import COLUMNS, SEED
from keras_transfer.compare.rows import PATHS, Row, build_rows
from keras_transfer.config.full_paths import find_origin, find_path, is_word, name_places
from keras_transfer.config.layers import SHORT_OPTIONS, flatten, merge_layers
from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.train_config import TrainConfig, WeightsWord, to_dict
from keras_transfer.config.validation import require
from keras_transfer.config.yaml_files import dump_settings
from keras_transfer.system.errors import ConfigError

# What no row depends on.
PLACE = ("output", "name", "resume", "quiet", "report", "assert_accuracy_at_least")

# What all rows have in common: the splits are made once, and a row's place is the comparison's.
SHARED = (
    *("dataset", *PLACE),
    *("data.validation_fraction", "data.test_fraction", "data.split_file", "data.data_dir"),
    *("data.on_bad_file", "data.on_leak", "data.near_duplicates"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Settings of a training, and the lists over them.

    Args:
        base: What no list is of.
        lists: Setting, by its dotted name, to its values: those of `COLUMNS`, then any others, and
            the seeds at last.
        weights: Backbone to its weights, where they differ from those of the base.
    """

    base: TrainConfig
    lists: Mapping[str, tuple[Any, ...]]
    weights: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def rows(self) -> list[Row]:
        """Return the product of the lists; the seeds follow each other.

        Raises:
            ConfigError: A value does not fit its setting.
        """
        return build_rows(self.base, self.lists, self.weights)

    def dump(self) -> str:
        """Return it as YAML that `--config` of compare reads back to the same."""
        known = {option: list(self.lists[each.setting]) for option, each in COLUMNS.items()}
        listed = [each.setting for each in COLUMNS.values()]
        others = {s: list(values) for s, values in self.lists.items() if s not in listed}
        own: dict[str, Any] = {}
        if self.weights:  # a backbone that they do not name is read back as auto
            unnamed = () if self.base.weights == "auto" else self.lists["backbone"]
            own["weights"] = dict.fromkeys(unnamed, self.base.weights) | dict(self.weights)
        return dump_settings(known | {"grid": others} | to_dict(self.base) | own)

    def name_places(self) -> "Grid":
        """Return it with full paths, so that it means the same from any working directory."""
        lists = {
            setting: tuple(map(_name_place, values)) if setting in PATHS else values
            for setting, values in self.lists.items()
        }
        lists["backbone"] = tuple(map(find_origin, lists["backbone"]))
        weights = {find_origin(name): _name_place(file) for name, file in self.weights.items()}
        return Grid(base=name_places(self.base), lists=lists, weights=weights)

    def is_same(self, other: "Grid") -> bool:
        """Return whether the other one trains the same, wherever it is put and shown."""
        return self._drop_place().dump() == other._drop_place().dump()

    def _drop_place(self) -> "Grid":
        plain = {name: getattr(TrainConfig(), name) for name in PLACE}
        return dataclasses.replace(self, base=dataclasses.replace(self.base, **plain))


def make_grid(
    base: TrainConfig, lists: Mapping[str, Any], weights: Mapping[str, str] | None = None
) -> Grid:
    """Return the grid of some lists over a base.

    Args:
        base: Settings of a training; what a list is of does not count.
        lists: Any of `COLUMNS`, by option, and `grid`: lists of other settings by their dotted
            names.
        weights: Backbone to its weights, where they differ from those of the base.

    Raises:
        ConfigError: A list is none, is empty or holds a value twice, or is of a setting that all
            rows must share.
    """
    stated = flatten(to_dict(base))
    known = {
        each.setting: lists.get(option, [stated[each.setting]]) for option, each in COLUMNS.items()
    }
    others = flatten(_require_mapping(lists.get("grid", {})))
    for setting in others:
        _require_own(setting, others)
    last = {SEED: known.pop(SEED)}  # so that the seeds of a configuration follow each other
    checked = {s: _check_list(s, values) for s, values in (known | others | last).items()}
    grid = Grid(base=base, lists=checked, weights=weights or {})
    _check_weights(grid)
    _check_adaptations(grid)
    return grid


def read_grid(*layers: Mapping[Any, Any]) -> Grid:
    """Build a grid from layers of settings, such as a YAML file and options; later ones win.

    Raises:
        ConfigError: A setting or a list does not fit.
    """
    lists: dict[str, Any] = {}
    weights: dict[str, str] = {}
    settings = []
    for layer in layers:
        options = (*COLUMNS, "grid")
        stated = {name: value for name, value in layer.items() if name not in options}
        lists = _drop_stated(lists, flatten(stated))
        lists |= {name: layer[name] for name in options if layer.get(name) is not None}
        if isinstance(stated.get("weights"), Mapping):
            weights = _read_weights(stated.pop("weights"))
        elif "weights" in stated:
            weights = {}
        settings.append(stated)
    return make_grid(merge_layers(*settings, equally_long=True), lists, weights)


def _drop_stated(lists: Mapping[str, Any], stated: Iterable[str]) -> dict[str, Any]:
    """Return the lists of earlier layers without those of settings that a later one states."""
    named = {field for name in stated for field in SHORT_OPTIONS.get(name, (name,))}
    dropped = [option for option, each in COLUMNS.items() if each.setting in named]
    kept = {option: values for option, values in lists.items() if option not in dropped}
    if isinstance(kept.get("grid"), Mapping):
        others: dict[str, Any] = {}
        for name, values in flatten(kept["grid"]).items():
            fields = SHORT_OPTIONS.get(name, (name,))
            left = [field for field in fields if field not in named]
            others |= dict.fromkeys([name] if len(left) == len(fields) else left, values)
        kept["grid"] = others
    return kept


def _read_weights(weights: Mapping[Any, Any]) -> dict[str, str]:
    for name, file in weights.items():
        fits = isinstance(file, str | Path) and str(file) != ""
        require(fits, f"weights.{name}", f"a path, or one of {', '.join(WeightsWord)}", file)
    return {str(name): str(file) for name, file in weights.items()}


def read_weight_words(words: Sequence[str]) -> str | dict[str, str]:
    """Return what the words of `--weights` say: one for all backbones, or `name=FILE` for each.

    Raises:
        ConfigError: They are of both kinds, or name a backbone twice.
    """
    if len(words) == 1 and ("=" not in words[0] or Path(words[0]).expanduser().exists()):
        return words[0]
    pairs = [word.partition("=")[::2] for word in words]
    if plain := [word for word in words if "=" not in word]:
        raise ConfigError(
            "`weights` must be one word or path, or name=FILE for each backbone. Received: "
            f"{plain[0]!r} beside others. Write BACKBONE={plain[0]}."
        )
    if twice := [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]:
        raise ConfigError(f"`weights` must name a backbone once. Received: {twice[0]} twice.")
    return dict(pairs)


def _require_mapping(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise ConfigError(
            "`grid` must be lists by the names of settings, such as finetune.learning_rate: "
            f"[1e-4, 3e-5]. Received: {found!r}."
        )
    return found


def _check_weights(grid: Grid) -> None:
    """Refuse one file for several backbones, and weights of backbones that are not compared."""
    backbones = grid.lists["backbone"]
    others = [name for name in backbones if name not in grid.weights]
    plain = is_word(grid.base.weights) or "weights" in grid.lists
    require(
        plain or len(others) < 2,
        "weights",
        f"one of {', '.join(WeightsWord)} where several backbones are compared, or "
        f"{' '.join(f'{name}=FILE' for name in backbones)}",
        grid.base.weights,
    )
    if grid.weights and "weights" in grid.lists:
        raise ConfigError(
            "`grid` must not hold weights where `weights` names them by backbone: the list would "
            "win. Leave one of them out."
        )
    if unknown := [name for name in grid.weights if name not in backbones]:
        hint = suggest_close(unknown[0], backbones) or "Leave it out, or add it to the backbones."
        raise ConfigError(
            f"`weights` must name backbones that are compared: {', '.join(backbones)}. "
            f"Received: {unknown[0]}. {hint}"
        )


def _check_adaptations(grid: Grid) -> None:
    """Refuse methods of adaptation where there is nothing to adapt to."""
    methods, given = grid.lists["adapt.method"], grid.base.adapt.method
    targets = grid.lists.get("adapt.target", (grid.base.adapt.target,))
    if methods != (given,) and None in targets:
        raise ConfigError(
            "`adaptations` need images of another domain to adapt to. Received: "
            f"{', '.join(map(str, methods))} without any. Name a folder: --adapt.target FOLDER."
        )


def _require_own(setting: str, others: Iterable[str]) -> None:
    for option, each in COLUMNS.items():
        if setting in (option, each.setting):
            raise ConfigError(f"`grid` must not hold {setting}. Write the list {option} beside it.")
    if setting in SHARED:
        raise ConfigError(
            f"`grid` must not hold {setting}: all rows share it. Make a comparison for each."
        )
    for short, fields in SHORT_OPTIONS.items():
        if setting in fields and short in others:
            raise ConfigError(
                f"`grid` must not hold both {setting} and {short}, which means it, too. "
                "Leave one of them out."
            )


def _check_list(setting: str, values: Any) -> tuple[Any, ...]:
    options = {each.setting: option for option, each in COLUMNS.items()}
    name = options.get(setting, setting)  # as the user calls it
    is_list = isinstance(values, Sequence) and not isinstance(values, str) and len(values) > 0
    require(is_list, name, "a list of at least one value", values)
    twice = [value for index, value in enumerate(values) if value in values[:index]]
    require(not twice, name, "a list of different values", list(values))
    return tuple(map(_to_plain, values))


def _to_plain(value: Any) -> Any:
    """Return a value as YAML holds it: a path as text, a number of NumPy as Python's."""
    if isinstance(value, Path):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def _name_place(value: Any) -> Any:
    return value if value is None or is_word(value) else find_path(str(value))
