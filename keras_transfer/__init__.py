"""Two-phase transfer learning with Keras 3: a folder of images in, a measured model out.

The public names below are loaded on first use, so `import keras_transfer as kt` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_transfer.check import check_dataset
    from keras_transfer.command_line import load_config
    from keras_transfer.compare import compare_runs
    from keras_transfer.comparison.directory import Comparison
    from keras_transfer.config import (
        AugmentConfig,
        CacheConfig,
        ConfigError,
        DataConfig,
        FinetuneConfig,
        FrozenConfig,
        HeadConfig,
        OptimizerConfig,
        TrainConfig,
    )
    from keras_transfer.evaluate import evaluate_run
    from keras_transfer.export import export_model
    from keras_transfer.models.backbones import BACKBONES
    from keras_transfer.predict import predict_images
    from keras_transfer.run import Run
    from keras_transfer.train import fine_tune

_HOMES = {
    "keras_transfer.check": ("check_dataset",),
    "keras_transfer.command_line": ("load_config",),
    "keras_transfer.compare": ("compare_runs",),
    "keras_transfer.comparison.directory": ("Comparison",),
    "keras_transfer.config": (
        "AugmentConfig",
        "CacheConfig",
        "ConfigError",
        "DataConfig",
        "FinetuneConfig",
        "FrozenConfig",
        "HeadConfig",
        "OptimizerConfig",
        "TrainConfig",
    ),
    "keras_transfer.evaluate": ("evaluate_run",),
    "keras_transfer.export": ("export_model",),
    "keras_transfer.models.backbones": ("BACKBONES",),
    "keras_transfer.predict": ("predict_images",),
    "keras_transfer.run": ("Run",),
    "keras_transfer.train": ("fine_tune",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BACKBONES",
    "AugmentConfig",
    "CacheConfig",
    "Comparison",
    "ConfigError",
    "DataConfig",
    "FinetuneConfig",
    "FrozenConfig",
    "HeadConfig",
    "OptimizerConfig",
    "Run",
    "TrainConfig",
    "check_dataset",
    "compare_runs",
    "evaluate_run",
    "export_model",
    "fine_tune",
    "load_config",
    "predict_images",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
