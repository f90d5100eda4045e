"""plan.json of a run that somebody else may have written."""

import pytest

from keras_transfer.models.cuts import POOLED, Cut
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.recorded_plan import _check_names

CUTS = {"frozen": POOLED, "finetune": Cut.from_number(3, 10)}


@pytest.mark.parametrize("name", ["/elsewhere/features", "../../train_pooled", "train", "x"])
def test_a_plan_that_names_other_files_than_ours_is_refused(tmp_path, name):
    layout = {name: ((2, 3), "float32")}
    with pytest.raises(ConfigError, match=rf"checkpoints/plan.json must .*Received: {name}\."):
        _check_names(Run(tmp_path), layout, CUTS)


def test_the_names_that_this_program_gives_are_taken(tmp_path):
    names = [f"{split}_{kind}" for split in ("train", "validation") for kind in KINDS]
    _check_names(Run(tmp_path), dict.fromkeys(names, ((2, 3), "float32")), CUTS)


KINDS = ("pooled", "activations")
