"""The weights that a training starts from, found or refused before TensorFlow is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.progress.training_progress import has_start


def choose_weights(config: TrainConfig, run: Run) -> Weights:
    """Return what the backbone starts from; an interrupted run has it in its checkpoints.

    Raises:
        ConfigError: The weights cannot be had, or are not those the run began with.
    """
    plan, row = read_plan(run), find_backbone(config.backbone)
    if plan:
        _require_same(plan, row)
    if plan and has_start(run):
        found = plan["weights"]
        return Weights(**found)
    # random ones are what the strategy is named for, whatever other strategies start from
    wanted = WeightsWord.NONE if config.strategy == "from_scratch" else config.weights
    weights = find_weights(config.backbone, row, wanted)
    if plan and weights.sha256 != plan["weights"]["sha256"]:
        raise ConfigError(
            f"`weights` must be those that the run began with, sha256 {plan['weights']['sha256']}. "
            f"Received: {weights.file}, sha256 {weights.sha256}. Restore them or train anew."
        )
    return weights


def require_same_network(config: TrainConfig, row: Backbone) -> None:
    """Raise a `ConfigError` if an interrupted run began with another network in the file."""
    if config.resume and config.resume != "auto" and (plan := read_plan(Run(Path(config.resume)))):
        _require_same(plan, row)


def _require_same(plan: Mapping[str, Any], row: Backbone) -> None:
    begun, name = plan.get("network_sha256"), row.preset.name if row.preset else row.file
    if begun != row.network_sha256:
        raise ConfigError(
            f"`backbone` must be the network that the run began with, sha256 {begun}. Received: "
            f"{name}, sha256 {row.network_sha256}. Restore it or train anew."
        )
