"""Go on with an interrupted run: find it, take it over, refuse what would change its outcome."""

import dataclasses
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer import owner
from keras_transfer.config import ConfigError, TrainConfig, to_dict
from keras_transfer.config_file import flatten, merge_layers
from keras_transfer.run import Run
from keras_transfer.whole_files import is_unfinished, remove_unfinished

# What may change between the parts of a run: its outcome does not depend on it.
HARMLESS = (
    "resume",
    "output",
    "name",
    "quiet",
    "tensorboard",
    "assert_accuracy_at_least",
    "cache.memory_gb",
    "cache.disk_gb",
)
PLACES = ("dataset", "data.data_dir")  # the images may have moved; their content is compared


def begin_run(config: TrainConfig) -> tuple[Run, TrainConfig]:
    """Make a run directory, or take over the one that `config.resume` names.

    Returns:
        The run, which is this process's to write, and its settings: where they were resolved
        before, without any `auto`.

    Raises:
        ConfigError: There is no such run, it is finished or another process's, or `config` would
            change its outcome.
    """
    config = name_places(config)
    path = find_newest(config) if config.resume == "auto" else config.resume
    config = dataclasses.replace(config, resume=None)
    if path is None:
        return Run.create(config), config
    run = take_over(path)
    try:
        return run, settle_changes(run, config)
    except BaseException:
        run.release()
        raise


def name_places(config: TrainConfig) -> TrainConfig:
    """Return `config` with full paths, so that a run means the same from any working directory."""
    data_dir, split_file = config.data.data_dir, config.data.split_file
    words = ("auto", "imagenet", "bundled", "none")
    return dataclasses.replace(
        config,
        dataset="digits" if config.dataset in (None, "digits") else _find_path(config.dataset),
        weights=config.weights if config.weights in words else _find_path(config.weights),
        data=dataclasses.replace(
            config.data,
            data_dir=data_dir and data_dir.expanduser().absolute(),
            split_file=split_file and split_file.expanduser().absolute(),
        ),
    )


def find_newest(config: TrainConfig) -> Path | None:
    """Return the newest unfinished run in `config.output` that began with the same settings."""
    wanted = _flatten(to_dict(config))
    files = config.output.expanduser().glob("*/config.yaml")
    for file in sorted(files, key=os.path.getmtime, reverse=True):
        run = Run(file.parent)
        other = config.name and config.name != run.path.name
        if run.metrics_file.exists() or is_unfinished(run.path) or other:
            continue
        try:
            given = _read_given(run)
        except (ConfigError, ValueError, KeyError, TypeError):  # something else altogether
            continue
        if all(given[name] == wanted[name] for name in given.keys() - {*HARMLESS}):
            return run.path
    return None


def take_over(path: str | Path) -> Run:
    """Return the unfinished run in `path`, which from now on is this process's to write.

    Raises:
        ConfigError: There is no run, it is finished, it cannot be written, or another process is at
            work in it.
    """
    run = Run(path)
    run.require_config()
    _require_unfinished(run)
    try:
        if not owner.seize(run.lock_file):
            raise ConfigError(
                f"A run must be written by one process at a time. Received: {path}, which belongs "
                f"to {owner.describe_owner(run.lock_file)}. If that is no more, remove "
                f"{run.lock_file}."
            )
        for folder in (run.path, run.checkpoints, run.figures):
            remove_unfinished(folder)
    except OSError as error:
        raise ConfigError(
            f"`resume` must be a run that can be written. Received: {path} ({error.strerror})."
        ) from error
    _require_unfinished(run)  # whoever had it may have finished it
    return run


def settle_changes(run: Run, config: TrainConfig) -> TrainConfig:
    """Return the settings of a run with the changes of `config` that do not alter its outcome.

    Args:
        run: The run to go on with.
        config: Its settings, as it was begun with or resolved, and changes.

    Raises:
        ConfigError: A change would alter the outcome, or adds epochs to a phase that has begun.
    """
    settled, given = _flatten(run.read_settings()), _read_given(run)
    wanted = _flatten(to_dict(config))
    changes = {
        name: value
        for name, value in wanted.items()
        if value not in (settled[name], given[name]) and name not in ("resume", "output", "name")
    }
    begun = set(run.history()["phase"]) if run.history_file.exists() else set()
    refused = []
    for name, value in changes.items():
        phase, _, field = name.partition(".")
        if field == "epochs" and isinstance(value, int) and value > _least(settled[name]):
            if phase in begun:
                refused.append(f"{name} {value} of a phase that has begun with {settled[name]}")
        elif name not in HARMLESS and name not in PLACES:
            refused.append(f"{name} {value} where it has {settled[name]}")
    if refused:
        raise ConfigError(
            "An interrupted run must go on with the settings it began with; more epochs are taken "
            f"for a phase that has not begun. Received: {', '.join(refused)}. Leave that out; or "
            "let the run end and go on from its weights in a new one: --weights "
            f"{shlex.quote(str(run.path))}."
        )
    return merge_layers(settled | changes)


def _require_unfinished(run: Run) -> None:
    if run.metrics_file.is_file():
        run.release()
        raise ConfigError(
            f"`resume` must be a run that is not finished. Received: {run.path}, which is. To go "
            f"on from its weights in a new run: --weights {shlex.quote(str(run.path))}."
        )


def _read_given(run: Run) -> dict[str, Any]:
    """Return the settings that a run was begun with, by their dotted names."""
    plan = run.read_plan()
    return _flatten(plan["given"] if plan else run.read_settings())


def _flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return every setting by its dotted name, in the form that YAML and JSON keep."""
    return flatten(to_dict(merge_layers(settings)))


def _least(epochs: int | str) -> int:
    """Return how many epochs are more than there were; those of `auto` are not known yet."""
    return epochs if isinstance(epochs, int) else 0


def _find_path(word: str) -> str:
    """Return a path in full; other words, such as tfds:NAME, as they are."""
    path = Path(word).expanduser()
    return str(path.absolute()) if path.exists() else word
