"""Several devices share a run that is interrupted."""

import subprocess
import sys

import pytest

SCRIPT = """
import dataclasses, sys
from pathlib import Path
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.append(sys.argv[1] + "/reliability")
sys.path.insert(0, sys.argv[1])
from tiny_backbone import make_tiny_row
from same_runs import assert_same_run
from keras_transfer import *
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.train import fine_tune
from keras_transfer.training import checkpoints, devices
BACKBONES["tiny"] = make_tiny_row()
devices.devices = lambda: ["CPU:0", "CPU:1"]
config = TrainConfig(
    backbone="tiny", dataset=sys.argv[2], weights="none", output=Path(sys.argv[3]), quiet=True,
    name="whole", data=DataConfig(image_size=32, batch_size=12),
    frozen=FrozenConfig(epochs=2, learning_rate=0.03),
    finetune=FinetuneConfig(epochs=2, learning_rate=0.01, batch_norm="scale"))
whole = fine_tune(config)
original = checkpoints.Checkpoints.keep
for stop in (1, 3):
    def keep(self, *words):
        original(self, *words)
        if self.progress.number == stop:
            raise KeyboardInterrupt
    checkpoints.Checkpoints.keep = keep
    try:
        fine_tune(dataclasses.replace(config, name=f"cut{stop}"))
    except KeyboardInterrupt:
        checkpoints.Checkpoints.keep = original
    run = fine_tune(load_config(resume=f"{sys.argv[3]}/cut{stop}"))
    assert_same_run(run, whole)
    print("same")
"""


@pytest.mark.slow
def test_a_run_on_two_devices_goes_on_to_the_same_weights(stripes, tmp_path, request):
    tests = request.config.rootpath / "tests"
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, tests, stripes, tmp_path], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert answer.stdout.splitlines()[-1] == "same"


CLIPPING = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import numpy as np
from keras_transfer import OptimizerConfig
from keras_transfer.training.optimization.build_optimizer import build_optimizer
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    config = OptimizerConfig(name="sgd", clip_norm=1.0)
    model.compile(build_optimizer(config, np.ones(2)), "mse")
before = model.get_weights()
model.fit(np.ones((8, 3)), np.full((8, 1), 100.0), batch_size=8, verbose=0)
steps = zip(before, model.get_weights(), strict=True)
print(np.sqrt(sum(np.square(after - start).sum() for start, after in steps)))
"""


@pytest.mark.thorough
def test_the_gradients_of_all_devices_are_clipped_together():
    answer = subprocess.run([sys.executable, "-c", CLIPPING], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert float(answer.stdout.splitlines()[-1]) == pytest.approx(1, rel=1e-5)
