"""Dtype policies, seeds, and several devices in one process of their own."""

import dataclasses
import json
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models import precision
from keras_transfer.run.run_directory import Run
from keras_transfer.training import devices


def test_a_policy_holds_inside_and_the_former_comes_back():
    with precision.precision("mixed_float16"):
        assert keras.layers.Dense(1).compute_dtype == "float16"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(RuntimeError), precision.precision("mixed_bfloat16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([], "float32"),
        ([(7, 0)], "mixed_float16"),
        ([(8, 9), (6, 1)], "float32"),
        ([()], "float32"),
    ],
)
def test_auto_takes_float16_where_every_gpu_is_fast_at_it(
    capabilities, policy, monkeypatch, tmp_path
):
    gpus = list(range(len(capabilities)))
    monkeypatch.setattr(devices, "_gpus", lambda: gpus)
    monkeypatch.setattr(devices, "grow_gpu_memory", lambda: None)
    details = [{"compute_capability": c} if c else {} for c in capabilities]
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details[gpu])
    assert devices.prepare(TrainConfig(), Run(tmp_path)) == policy
    assert precision.resolve_precision("mixed_bfloat16", [(9, 0)]) == "mixed_bfloat16"


def test_a_seed_repeats_every_generator_and_gives_back_the_callers():
    def draw():
        return random.random(), np.random.rand(), float(tf.random.uniform([]))

    random.seed(5)
    np.random.seed(5)
    wanted = random.random(), np.random.rand()
    random.seed(5)
    np.random.seed(5)
    with precision.seeded(3):
        first = draw()
    with precision.seeded(3):
        second = draw()
    assert first == second
    assert (random.random(), np.random.rand()) == wanted


@pytest.mark.parametrize(
    ("train", "batch", "available", "used"),
    [
        (16, 8, 2, 2),
        (16, 8, 3, 2),  # 8 images cannot be shared evenly by three
        (11, 11, 2, 1),
        (17, 8, 2, 1),  # the last batch has one image
        (18, 8, 2, 2),
        (16, 8, 0, 1),
    ],
)
def test_devices_are_used_where_every_batch_can_be_shared(train, batch, available, used, make_data):
    data = dataclasses.replace(make_data(train=train), batch_size=batch)
    assert devices.count_devices(available, data) == used


TWO_DEVICES = """
import dataclasses, json, sys
from pathlib import Path
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, sys.argv[1])
from tiny_backbone import build_tiny
from keras_transfer import *
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.training import devices
from keras_transfer.train import fine_tune
BACKBONES["tiny"] = Backbone(
    build=build_tiny, preprocess="tf", image_size=32, layers=12,
    blocks={"stem": 0, "block1": 1, "block2": 4, "block3": 7}, default_boundary="block2",
    parameters=5232, top1=None, weights_url="", weights_hash=None, use="tests")
used = []
strategy_scope = tf.distribute.MirroredStrategy.scope
tf.distribute.MirroredStrategy.scope = lambda self: (
    used.append(self.num_replicas_in_sync), strategy_scope(self))[1]
config = TrainConfig(
    backbone="tiny", dataset=sys.argv[2], weights="none", output=Path(sys.argv[3]), quiet=True,
    head=HeadConfig(dropout=0.0), data=DataConfig(image_size=32, batch_size=12),
    augment=AugmentConfig(preset="none"),
    frozen=FrozenConfig(epochs=2, learning_rate=0.03),
    finetune=FinetuneConfig(epochs=2, learning_rate=0.01, batch_norm=sys.argv[4]))
answers = []
for names in json.loads(sys.argv[5]):
    used.clear()
    devices.devices = lambda: names
    run = fine_tune(config)
    answers.append([max(used, default=1), run.metrics(), run.history_table()["loss"]])
print(json.dumps(answers))
"""


ONE, TWO = [], ["CPU:0", "CPU:1"]


def train_on(devices, batch_norm, stripes, tmp_path, request):
    answer = subprocess.run(
        [
            sys.executable,
            *("-c", TWO_DEVICES, request.config.rootpath / "tests", stripes, tmp_path),
            *(batch_norm, json.dumps(devices)),
        ],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.thorough
def test_two_devices_train_as_one_does(stripes, tmp_path, request):
    """Every batch is shared, also the last partial one; without BatchNorm moves nothing differs."""
    one, two = train_on([ONE, TWO], "frozen", stripes, tmp_path, request)
    assert one[0] == 1
    losses, (used, metrics, shared_losses) = one[2], two
    assert used == 2
    assert [float(x) for x in shared_losses] == pytest.approx([float(x) for x in losses], rel=0.02)
    assert metrics["splits"]["test"]["images"] == 24


@pytest.mark.slow
def test_two_devices_adapt_batch_norm_to_random_weights(stripes, tmp_path, request):
    ((used, metrics, _),) = train_on([TWO], "adapt", stripes, tmp_path, request)
    assert used == 2
    assert list(metrics["phases"]) == ["frozen", "finetune"]
