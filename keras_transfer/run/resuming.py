"""Go on with an interrupted run: find it, take it over, refuse what would change its outcome.

What it goes on from is in `plan_file.py` (what was decided) and `training/checkpoints.py` (weights,
optimizer, progress); `training/plan/recorded_plan.py` compares the decisions with the machine's.
"""

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import name_places
from keras_transfer.config.layers import flatten, merge_layers
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.run.contents.read_files import read_rows
from keras_transfer.run.plan_file import read_plan, read_settings
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import locks
from keras_transfer.system.files.atomic_files import remove_unfinished, write_text
from keras_transfer.system.terminal.visible_text import quote_word

# What may change between the parts of a run: its outcome does not depend on it.
HARMLESS = (
    "resume",
    "output",
    "name",
    "quiet",
    "logger",
    "report",
    "tensorboard",
    "assert_accuracy_at_least",
    "cache.memory_gb",
    "cache.disk_gb",
)
APART = ("two_phase", "lora")  # the others divide the epochs of both phases otherwise
PLACES = ("dataset", "data.data_dir")  # the images may have moved; their content is compared


def begin_run(
    config: TrainConfig, parts: Mapping[str, str] | None = None
) -> tuple[Run, TrainConfig]:
    """Make a run directory, or take over the one that `config.resume` names.

    Args:
        config: Settings as the user gave them.
        parts: What Python code gave besides: kind -> what it is called.

    Returns:
        The run, which is this process's to write, and its settings: where they were resolved
        before, without any `auto`.

    Raises:
        ConfigError: There is no such run, it is finished or another process's, or `config` would
            change its outcome.
    """
    config = name_places(config)
    parts = parts or {}
    path = find_newest(config, parts) if config.resume == "auto" else config.resume
    config = dataclasses.replace(config, resume=None)
    if path is None:
        return Run.create(config, parts), config
    run = take_over(path)
    try:
        require_parts(run, parts)
        return run, settle_changes(run, config)
    except BaseException:
        run.release()
        raise


def find_newest(config: TrainConfig, parts: Mapping[str, str]) -> Path | None:
    """Return the newest unfinished run in `config.output` that began with the same settings."""
    wanted = _flatten(to_dict(config))
    files = config.output.expanduser().glob("[!.]*/config.yaml")
    for file in sorted(files, key=read_time, reverse=True):
        run = Run(file.parent)
        if run.metrics_file.exists() or (config.name and config.name != run.path.name):
            continue
        try:
            given, settled = _read_given(run), _flatten(read_settings(run))
            if _outline(run.given_parts()) != _outline(parts):
                continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not what we write
            continue
        given |= {name: settled[name] for name in PLACES if settled[name] == wanted[name]}
        if all(given[name] == wanted[name] for name in given.keys() - {*HARMLESS}):
            return run.path
    return None


def take_over(path: str | Path) -> Run:
    """Return the unfinished run in `path`, which from now on is this process's to write.

    Raises:
        ConfigError: There is no run, it is finished, it cannot be written, or another process is at
            work in it.
    """
    run = Run(Path(path).expanduser())
    run.require_config()
    run.refuse_links()
    run.refuse_folders()
    _require_unfinished(run)
    try:
        run.hold = locks.require(run.lock_file, "A run")
        for folder in (run.path, run.checkpoints, run.figures):
            remove_unfinished(folder)
        _require_unfinished(run)  # whoever had it may have finished it
    except OSError as error:
        run.release()
        raise ConfigError(
            f"`resume` must be a run that can be written. Received: {path} ({error.strerror})."
        ) from error
    except BaseException:
        run.release()
        raise
    return run


def require_parts(run: Run, parts: Mapping[str, str]) -> None:
    """Refuse to go on with other parts from Python than a run began with; callbacks may differ.

    Raises:
        ConfigError: One is another, missing, or more.
    """
    began, given = _outline(run.given_parts()), _outline(parts)
    for kind in {**began, **given}:
        if began.get(kind) != given.get(kind):
            had, has = began.get(kind, "none"), given.get(kind, "none")
            raise ConfigError(
                f"`{kind}` must be the one that the run began with, {had}. Received: {has}. Go on "
                f"from Python: fine_tune(resume={str(run.path)!r}"
                + "".join(f", {name}=…" for name in began)
                + ")."
            )


def _outline(parts: Mapping[str, str]) -> dict[str, str]:
    """Return the parts on which the outcome of a run depends."""
    return {kind: name for kind, name in parts.items() if kind != "callbacks"}


def settle_changes(run: Run, config: TrainConfig) -> TrainConfig:
    """Return the settings of a run with the changes of `config` that do not alter its outcome.

    Args:
        run: The run to go on with.
        config: Its settings, as it was begun with or resolved, and changes.

    Raises:
        ConfigError: A change would alter the outcome, or adds epochs to a phase that has begun.
    """
    settled, given = _flatten(read_settings(run)), _read_given(run)
    changes = {
        name: value
        for name, value in _flatten(to_dict(config)).items()
        if value != settled[name] and not _is_same(name, value, given[name])
    }
    begun = _list_begun(run) if changes else []
    if begun and settled["strategy"] not in APART:
        begun = ["frozen", "finetune"]
    longer = [name for name in changes if _adds_epochs(name, changes[name], settled[name], begun)]
    refused = [
        f"{name} {value} where it has {settled[name]}"
        for name, value in changes.items()
        if name not in (*HARMLESS, *PLACES, *longer)
    ]
    if refused:
        raise ConfigError(
            "An interrupted run must go on with the settings it began with; more epochs are taken "
            f"for a phase that has not begun. Received: {', '.join(refused)}. Leave that out; or "
            "let the run end and go on from its weights in a new one: --weights "
            f"{quote_word(run.path)}."
        )
    if not longer or begun:
        return merge_layers(settled | changes)
    # nothing is done yet, and another number of epochs may plan otherwise
    kept = {name: settled[name] for name in (*HARMLESS, *PLACES)}
    anew = merge_layers(given | kept | changes)
    write_text(run.config_file, dump_config(anew))
    run.clear()
    run.plan_file.unlink(missing_ok=True)  # of a former version, whose folder has no mark
    return anew


def _list_begun(run: Run) -> list[str]:
    """Return the phases of which an epoch was done."""
    if not run.history_file.exists():
        return []
    return list(dict.fromkeys(read_rows(run.history_file, ["phase"])["phase"]))


def _is_same(name: str, value: Any, given: Any) -> bool:
    """Return whether a value says what the run was begun with, whatever became of it since."""
    if name in ("resume", "output", "name"):  # which run it is, not what it does
        return True
    if value != given or name in (*HARMLESS, *PLACES):
        return False
    return not name.endswith(".epochs") or value == "auto"  # epochs may have been added since


def _adds_epochs(name: str, value: Any, before: Any, begun: list[str]) -> bool:
    """Return whether this gives more epochs to a phase that has not begun and is to come."""
    phase, _, field = name.partition(".")
    if field != "epochs" or not isinstance(value, int):
        return False
    if not begun:
        return not isinstance(before, int) or value > before
    # a phase without epochs is not in the plan, and none before the one under way is to come
    return phase not in begun and isinstance(before, int) and value > before > 0


def _require_unfinished(run: Run) -> None:
    if run.metrics_file.is_file():
        run.clear()  # what a kill in the last moment left
        raise ConfigError(
            f"`resume` must be a run that is not finished. Received: {run.path}, which is. To go "
            f"on from its weights in a new run: --weights {quote_word(run.path)}."
        )


def _read_given(run: Run) -> dict[str, Any]:
    """Return the settings that a run was begun with, by their dotted names."""
    plan = read_plan(run)
    return _flatten(plan["given"] if plan else read_settings(run))


def _flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return every setting by its dotted name, in the form that YAML and JSON keep."""
    return flatten(to_dict(merge_layers(settings)))


def read_time(file: Path) -> float:
    """Return when a file was written, in seconds; 0 if it is gone."""
    with contextlib.suppress(OSError):  # it is gone
        return file.stat().st_mtime
    return 0.0
