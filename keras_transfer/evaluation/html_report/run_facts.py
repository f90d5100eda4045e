"""What a report tells of a run besides its answers: files that were found, layers, settings."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from keras_transfer.config.layers import flatten
from keras_transfer.config.messages import GIVEN_AS
from keras_transfer.config.pixels.value_range import FULL
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.evaluation.reports.trust_section import ACCURACY
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.contents.read_files import read_rows
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.system.terminal.visible_text import quote_word

MOST = 50  # rows of a table of files: data_report.json has all
ALIKE = (
    *("backbone", "preprocess", "weights", "data.image_size", "data.resize", "data.value_range"),
    "data.sequence_length",
)
FREEZE_COLUMNS = ("phase", "block", "learning_rate", "batch_norm")


class Copies(NamedTuple):
    """Examples that are equal, or look so."""

    kind: str
    paths: list[str]
    splits: list[str]
    labels: list[str]

    @property
    def faults(self) -> list[str]:
        """What is wrong with them."""
        said = {"in several splits": self.splits, "with several classes": self.labels}
        return [words for words, values in said.items() if len(values) > 1]


class Files(NamedTuple):
    """What the inspection of the files found; each list is cut, and its count is of all."""

    images: int
    copies: list[Copies]
    unusable: list[Mapping[str, str]]
    odd: list[Mapping[str, str]]
    dropped: list[Mapping[str, str]]
    counts: dict[str, int]


class BlockRow(NamedTuple):
    """A block of the network in each phase, and how far it has moved in the end."""

    block: str
    layers: int
    rates: list[str]
    """Of each phase: the learning rate, or "locked"."""
    kernel_drift: float | None
    """Distance from the first weights in units of their size; None: not measured."""
    norm_drift: float | None


def list_files(report: Mapping[str, Any]) -> Files:
    """Return what is wrong or odd in the data set, the worst first.

    Args:
        report: data_report.json.
    """
    copies = [
        Copies(
            kind=each["kind"],
            paths=each["paths"],
            splits=sorted({*each["splits"]} - {""}, key=SPLITS.index),
            labels=sorted({*each["labels"]}),
        )
        for each in report["duplicates"]
    ]
    copies.sort(key=lambda each: -len(each.faults))
    kinds = "unusable", "odd", "dropped"
    return Files(
        images=report["images"],
        copies=copies[:MOST],
        **{kind: report[kind][:MOST] for kind in kinds},
        counts={"copies": len(copies), **{kind: len(report[kind]) for kind in kinds}},
    )


def list_blocks(run: Run) -> tuple[list[str], list[BlockRow]]:
    """Return the phases, and a row for each block, from freeze_table.csv and backbone_drift.csv."""
    table = read_rows(run.freeze_table_file, FREEZE_COLUMNS)
    phases = [*dict.fromkeys(table["phase"])]
    blocks: dict[str, dict[str, list[tuple[str, str]]]] = {}
    columns = (table[name] for name in FREEZE_COLUMNS)
    for phase, block, *cells in zip(*columns, strict=True):
        blocks.setdefault(block, {}).setdefault(phase, []).append((cells[0], cells[1]))
    drift = _read_drift(run)
    rows = []
    for block, found in blocks.items():
        rates = [_say_rates(found.get(phase, [])) for phase in phases]
        rows.append(BlockRow(block, len(found[phases[0]]), rates, *drift.get(block, (None, None))))
    return phases, rows


def _say_rates(layers: list[tuple[str, str]]) -> str:
    """Return how fast a block learns; frozen BatchNorm layers in it are a matter of their own."""
    rates = [rate for rate, batch_norm in layers if batch_norm != "frozen"]
    learned = sorted({float(rate) for rate in rates if rate})
    if not learned:
        return "locked"
    said = " … ".join(dict.fromkeys(f"{rate:.2g}" for rate in (learned[0], learned[-1])))
    return said + ("" if all(rates) else ", in part")


def _read_drift(run: Run) -> dict[str, tuple[float, float]]:
    if not run.drift_file.exists():
        return {}
    table = read_table(run.drift_file)
    if not {"block", "kernel_drift", "norm_drift"} <= table.keys():  # an earlier version's
        return {}
    cells = zip(table["block"], table["kernel_drift"], table["norm_drift"], strict=True)
    return {block: (float(kernel), float(norm)) for block, kernel, norm in cells}


def list_settings(config: TrainConfig) -> list[tuple[str, str]]:
    """Return (setting, value) of those that are not the default, in their order."""
    usual = flatten(to_dict(TrainConfig()))
    found = flatten(to_dict(config)).items()
    return [(name, _say(value)) for name, value in found if value != usual.get(name)]


def _say(value: Any) -> str:
    return "" if value is None else str(value)


def list_environment(run: Run) -> list[tuple[str, str]]:
    """Return (thing, what it was) of environment.json; nothing where there is none."""
    if not run.environment_file.exists():
        return []
    found = run.environment()
    packages = found.pop("packages")
    said = {name: _join(value) for name, value in found.items()}
    versions = {name: version or "missing" for name, version in packages.items()}
    return [(name, value) for name, value in {**versions, **said}.items() if value]


def _join(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else _say(value)


def list_commands(run: Run, config: TrainConfig) -> tuple[str, list[tuple[str, str]]]:
    """Return the command that judges the training labels, and (what for, command) of others."""
    place = quote_word(run.path.absolute())
    start = "python -m keras_transfer."
    review = f"{start}review {quote_word(config.source)}{_list_options(config)}"
    noun = config.data.noun
    others_of = GIVEN_AS[noun]
    others = {
        f"Measure it on other {noun}s, class by class:": f"evaluate {place} --dataset {others_of}",
        f"Classify new {noun}s, and abstain where it is not sure:": f"predict {place} {others_of} "
        f"--answer_at_accuracy {ACCURACY:g}",
        f"See what it looks at in {noun}s of your own:": f"explain {place} {others_of}",
        "Write it for servers and phones, and prove the files equal:": f"export {place}",
        "Train once more with other seeds, and see what is chance:": "compare --config "
        f"{quote_word(run.config_file.absolute())} --seeds 0 1 2",
    }
    return review, [(words, start + typed) for words, typed in others.items()]


def _list_options(config: TrainConfig) -> str:
    """Return what makes features as those of a run are, where it is not the default."""
    usual = flatten(to_dict(TrainConfig()))
    row = BACKBONES.get(config.backbone)
    usual["data.image_size"] = row and row.image_size
    found = flatten(to_dict(config))
    if found["data.value_range"] == FULL:  # what auto comes to for most files
        found["data.value_range"] = usual["data.value_range"]
    return "".join(
        f" --{name} {quote_word(str(found[name]))}"
        for name in ALIKE
        if found[name] not in (None, usual[name])
    )
