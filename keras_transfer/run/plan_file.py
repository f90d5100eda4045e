"""plan.json: what a run decided before its long work, as it is read by whoever goes on with it.

What is in it, and how it is compared with what would be decided now, is in
`training/plan/recorded_plan.py`.
"""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.run.contents.kinds import Plan, PlanFormat
from keras_transfer.run.contents.read_files import read_json
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

# Of `data`: what runs did that were begun before there was a choice, and so do not say it.
BEFORE = dataclasses.asdict(Preparation())
PLAN_FORMAT = 1  # of the folder checkpoints; a run of another number is not resumed


def read_plan(run: Run) -> dict[str, Any] | None:
    """Return what was decided before the long work; None if none of that was begun.

    Raises:
        ConfigError: Another version wrote it, or it is damaged.
    """
    if not os.path.lexists(run.plan_file):
        return None
    found = read_json(run.plan_file, PlanFormat)["format"]
    if found != PLAN_FORMAT:
        raise ConfigError(
            f"A run must be of format {PLAN_FORMAT} to be resumed. Received: {run.path} of "
            f"format {found}. Use the version that began it, or train anew."
        )
    return dict(read_json(run.plan_file, Plan))


def read_settings(run: Run) -> Mapping[str, Any]:
    """Return the settings as they are known so far, `auto` words included.

    Raises:
        ConfigError: There is no run, or another version began it.
    """
    run.require_config()
    plan = read_plan(run)
    if plan is None:
        return read_yaml(run.config_file)
    settings = plan["settings"]
    return {**settings, "data": {**BEFORE, **settings["data"]}}
