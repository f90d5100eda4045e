"""Write what a network makes of images or texts: `python -m keras_transfer.embed`."""

import dataclasses
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.cluster.block_engines import (
    HERE,
    THIS_PROCESS,
    Engine,
    add_engine,
    choose_engine,
)
from keras_transfer.config.command_line import Parser
from keras_transfer.config.layers import merge_layers
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import PreprocessWord, TrainConfig
from keras_transfer.modalities.table import (
    choose_modality,
    name_dataset,
    name_modality,
    require_images,
)
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import (
    add_json,
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.visible_text import print_text
from keras_transfer.training.plan.backbone_input import TEXTS

if TYPE_CHECKING:
    from keras_transfer.data.sources.image_sets import ImageSet
    from keras_transfer.embed.embedding import Embedding
    from keras_transfer.embed.embedding_files import Output

SETTINGS = ("preprocess", "weights", "seed", "data")  # of a training that a backbone has as well


def embed_images(
    network: Run | str | Path,
    dataset: Any = None,
    *,
    split: str | None = None,
    preprocess: PreprocessWord = "auto",
    weights: str = TrainConfig.weights,
    data: DataConfig | None = None,
    output: str | Path | None = None,
) -> "Embedding":
    """Return the pooled features of every image of one or several data sets.

    Args:
        network: A finished run or its directory; or a backbone: the name of a row of `BACKBONES`,
            or one behind `hub:` or `file:`.
        dataset: A data set as `--dataset` of train takes it, a folder or pattern of images without
            labels, or a list of such words; or what `keras_transfer.modalities.table.name_dataset`
            does. None: the data set of the run, with its splits.
        split: Only these images. None: all.
        preprocess: As `--preprocess` of train takes it, for a backbone behind `file:`.
        weights: Of a backbone, as `--weights` of train takes them.
        data: Settings that a training would have. None: the defaults, or those of the run.
        output: New .npz or .parquet file; a folder of parts, if it is a str that ends in a slash,
            or has parts of an earlier call, to go on with. None: no file.

    Returns:
        Columns: data sets, paths, splits, classes, vectors (n, channels) float32.

    Raises:
        ConfigError: The network or a data set cannot be used, and why.
    """
    from keras_transfer.embed.embedding_files import find_output, leave_embedding

    words = isinstance(dataset, list | tuple) and all(isinstance(x, str | Path) for x in dataset)
    several = dataset if words else [] if dataset is None else [dataset]
    given = {"preprocess": preprocess, "weights": weights, "data": data}
    usual = {"preprocess": "auto", "weights": TrainConfig.weights, "data": None}
    settings = {name: value for name, value in given.items() if value != usual[name]}
    kept = find_output(output)
    place = kept.place if kept else Path(tempfile.gettempdir())
    kind = _name_kind(network, settings) if several else ""
    named = [name_dataset(each, kind) for each in several]
    found = _embed(network, named, settings, split, kept, place, True)
    if kept is not None:
        leave_embedding(found, kept, with_map=False)
    return found


def _embed(
    network: Run | str | Path,
    datasets: Sequence[str],
    settings: dict[str, Any],
    split: str | None,
    output: "Output | None",
    place: Path,
    quiet: bool,
    engine: Engine = THIS_PROCESS,
) -> "Embedding":
    """Return the features; what is wrong is told before TensorFlow is loaded."""
    from keras_transfer.embed.embed_passes import pass_here, pass_on_workers
    from keras_transfer.embed.embedding import embed_sets
    from keras_transfer.embed.embedding_parts import keep_parts
    from keras_transfer.system.files.output_folder import refuse_inside

    if output is not None:
        for each in datasets:
            refuse_inside(output.place, each)
        output.check()
    run = find_run(network, settings)
    backbone = TrainConfig(backbone=str(network), **settings)
    config = load_run_config(run) if run else _settle_kind(backbone)
    sets = _list_sets(run, config, datasets, split)
    passing = pass_here(run, config) if engine.is_here else pass_on_workers(run, config, engine)
    place.mkdir(parents=True, exist_ok=True)
    if output is not None and output.in_parts:
        passing = keep_parts(passing, sets, output.path)
    return embed_sets(passing, sets, choose_modality(config), place, quiet)


def _name_kind(network: Run | str | Path, settings: dict[str, Any]) -> str:
    """Return the key in `MODALITIES` of what a network takes."""
    run = find_run(network, settings)
    backbone = TrainConfig(backbone=str(network), **settings)
    return name_modality(load_run_config(run) if run else _settle_kind(backbone))


def _settle_kind(config: TrainConfig) -> TrainConfig:
    """Return `config` with the kind of examples that its backbone takes."""
    if find_backbone(config.backbone, anew=True).takes != TEXTS:
        return config
    data = dataclasses.replace(config.data, modality="text")
    return dataclasses.replace(config, data=data)


def find_run(network: Run | str | Path, settings: dict[str, Any]) -> Run | None:
    """Return the finished run that is named, or None where a backbone is.

    Raises:
        ConfigError: It is neither, or a run that is given settings of a backbone.
    """
    if isinstance(network, Run):
        run = network
    else:
        found = Run(network)
        word = str(network)
        is_named = word in BACKBONES or ":" in word
        if not found.config_file.is_file() and (is_named or not Path(word).expanduser().exists()):
            return None
        run = Run.open(Path(word).expanduser())
    if settings:
        name = next(iter(settings))
        raise ConfigError(
            f"`{name}` must be left out where a run is embedded with: its own is taken. Received: "
            f"{settings[name]} with {run.path}. Name a backbone, or leave --{name} out."
        )
    return run


def _list_sets(
    run: Run | None, config: TrainConfig, datasets: Sequence[str], split: str | None
) -> list["ImageSet"]:
    from keras_transfer.data.run_examples import list_examples, read_source
    from keras_transfer.data.sources.image_sets import choose_rows, list_set, set_of_examples

    modality = choose_modality(config)
    for each in datasets if modality.noun == "image" else ():
        require_images(each, "datasets")
    if datasets:
        return [list_set(each, config.data, modality, split) for each in datasets]
    if run is None:
        raise ConfigError(
            "At least one data set must be named where the network is a backbone. Received: none. "
            f"Write: embed {config.backbone} FOLDER."
        )
    own = set_of_examples(config.source, list_examples(run, read_source(config, modality)))
    return [own if split is None else choose_rows(own, split)]


def main(arguments: list[str]) -> int:
    """Run the command line."""
    words = _read_words(arguments)
    quiet = words["quiet"]
    print_logs(logging.WARNING if quiet else logging.INFO)
    from keras_transfer.embed.embed_words import answer_embedding, describe_embedding
    from keras_transfer.embed.embedding_files import find_output, leave_embedding, name_map

    with reserving_output(words["json"] or quiet):
        named = words["network"], words["datasets"], words["settings"]
        output = find_output(words["output"])
        place = output.place if output else Path(TrainConfig.output)
        found = _embed(*named, words["split"], output, place, quiet, words["engine"])
        with_map = words["figure"] or len(found.set_names) > 1
        file = leave_embedding(found, output, with_map)
        drawn = (output.map if output else name_map(file)) if with_map else None
        gap = found.measure_gap()
        if not quiet:
            print_text(describe_embedding(found, gap, file, drawn))
    if words["json"]:
        print_json(answer_embedding(found, gap, file, drawn))
    elif quiet:
        print_path(file)
    return 0


def _read_words(arguments: list[str]) -> dict[str, Any]:
    """Return the words of the command line, and the settings among them."""
    parser = Parser("embed", __doc__)
    text = "A finished run directory, or the name of a backbone as --backbone of train takes it"
    parser.add_argument("network", metavar="RUN_OR_BACKBONE", help=text)
    text = "Data sets as --dataset of train takes them, or such without labels: "
    text += "folders and patterns of images, tables of texts (default: the run's own)"
    parser.add_argument("datasets", metavar="FOLDER", nargs="*", help=text)
    text = "New .npz or .parquet file; FOLDER/, with the slash: Parquet in parts, which a later "
    text += "call goes on with (default: embedding.npz in a new folder in saved_models)"
    parser.add_argument("--output", type=str, metavar="FILE", help=text)
    text = "Draw a map of the examples; of two data sets and more it is drawn anyway"
    parser.add_argument("--figure", action="store_true", help=text)
    text = f"Only examples of {', '.join(SPLITS[:-1])} or {SPLITS[-1]} (default: all)"
    parser.add_argument("--split", type=str, help=text)
    parser.add_argument("--image_size", type=int, help="Short for --data.image_size.")
    parser.add_argument("--quiet", action="store_true", help="Print the path of the file alone")
    add_json(parser, "Print")
    add_engine(parser, "Workers")
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    parser.add_class_arguments(TrainConfig, as_group=False, skip=fields - {*SETTINGS})
    options = parser.parse_args(arguments, defaults=False).as_dict()
    own = ("network", "datasets", "output", "figure", "split", "json", "quiet")
    words = {name: options.pop(name, None) for name in own}
    words["engine"] = choose_engine(options.pop("engine", HERE), options.pop("workers", None))
    words["datasets"] = words["datasets"] or []
    merged = merge_layers(options)
    words["settings"] = {
        name: getattr(merged, name) for name in SETTINGS if name in options or name == "data"
    }
    if words["settings"]["data"] == DataConfig():
        del words["settings"]["data"]
    return words
