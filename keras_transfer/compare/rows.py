"""The rows of a comparison: which there are, and how their run directories are called."""

import dataclasses
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.compare.columns import BASELINE, COLUMNS
from keras_transfer.config.full_paths import shorten_origin
from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.modalities.table import name_modality
from keras_transfer.training.optimization.schedules import TEXT_SCHEDULE, USUAL
from keras_transfer.training.plan.backbone_input import settle_backbone
from keras_transfer.training.plan.strategies import SCRATCH, lacks_weights

FIRST = ("backbone", "strategy")  # settings that a name begins with, as that of any run does
PATHS = ("weights", "regularize.source", "adapt.target")  # settings of which a list may hold paths
NAME_BYTES = 100  # of a name; folders take 255, and the files in them add to it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One training of a comparison, or the baseline beside them."""

    name: str  # of its run directory, of no other row
    values: Mapping[str, Any]  # setting -> value, of every list
    config: TrainConfig

    @property
    def is_baseline(self) -> bool:
        """Whether it is no training."""
        return bool(self.values["strategy"] == BASELINE)


def build_rows(
    base: TrainConfig, lists: Mapping[str, tuple[Any, ...]], weights: Mapping[str, str]
) -> list[Row]:
    """Return one row for each combination of values; those of the last list follow each other.

    Of a backbone that nobody has pretrained, all strategies come to from_scratch, and are one row.

    Args:
        base: What no list is of.
        lists: Setting, by its dotted name, to its values; all settings of `COLUMNS` are there.
        weights: Backbone to its weights, where they differ from those of the base.

    Raises:
        ConfigError: A value does not fit its setting.
    """
    texts = name_modality(base) == "text"
    combinations: list[dict[str, Any]] = []
    configs = []
    for each in itertools.product(*lists.values()):
        values = dict(zip(lists, each, strict=True))
        named = dataclasses.replace(base, backbone=values["backbone"])
        values["backbone"] = settle_backbone(named).backbone
        if values["optimizer.schedule"] == "auto":
            values["optimizer.schedule"] = TEXT_SCHEDULE if texts else USUAL
        is_file = values["backbone"].startswith("file:")  # what others expect is known
        own = {
            "weights": weights.get(values["backbone"], base.weights),
            "preprocess": base.preprocess if is_file else "auto",
        }
        if lacks_weights(values["backbone"], values.get("weights", own["weights"])):
            values["strategy"] = SCRATCH
        if values not in combinations:
            combinations.append(values)
            configs.append(merge_layers(to_dict(base), own, values, equally_long=True))
    names = _name_all(combinations, _choose_named(lists))
    return [
        Row(name=name, values=values, config=config)
        for name, values, config in zip(names, combinations, configs, strict=True)
    ]


def _choose_named(lists: Mapping[str, tuple[Any, ...]]) -> list[str]:
    """Return the settings whose values make up a name, in their order there."""
    unnamed = [
        each.setting
        for each in COLUMNS.values()
        if not each.always_named and len(lists[each.setting]) == 1
    ]
    return [*FIRST, *(setting for setting in lists if setting not in (*FIRST, *unnamed))]


def _name_all(combinations: list[dict[str, Any]], named: list[str]) -> list[str]:
    """Return a name for each combination: a number is added where several have the same."""
    names = [_name({setting: values[setting] for setting in named}) for values in combinations]
    counts = Counter(name.lower() for name in names)  # not every disk tells A from a
    return [
        name if counts[name.lower()] == 1 else f"{name}-{index}" for index, name in enumerate(names)
    ]


def _name(values: Mapping[str, Any]) -> str:
    """Return a folder name: backbone-strategy-augmentation-schedule-…-seed, or its beginning."""
    named = dict(values) | {"backbone": shorten_origin(values["backbone"])}
    short = [Path(v).name if setting in PATHS and v else v for setting, v in named.items()]
    words = (re.sub(r"[^\w.+]+", "_", str(value)).strip(".") or "_" for value in short)
    whole = "-".join(words).encode()
    if len(whole) <= NAME_BYTES:
        return whole.decode()
    mark = hashlib.sha256(whole).hexdigest()[:8]
    return f"{whole[:NAME_BYTES].decode(errors='ignore')}-{mark}"
