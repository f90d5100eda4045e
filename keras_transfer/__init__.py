"""Two-phase transfer learning with Keras 3: a folder of images in, a measured model out.

The public names below are loaded on first use, so `import keras_transfer as kt` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_transfer.config.sections.augment_settings import AugmentConfig
    from keras_transfer.config.sections.cache_settings import CacheConfig
    from keras_transfer.config.sections.data_settings import DataConfig
    from keras_transfer.config.sections.finetune_settings import FinetuneConfig
    from keras_transfer.config.sections.frozen_settings import FrozenConfig
    from keras_transfer.config.sections.head_settings import HeadConfig
    from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
    from keras_transfer.config.train_config import TrainConfig
    from keras_transfer.models.backbones.backbone_table import BACKBONES
    from keras_transfer.python_api.classifiers.image_classifier import ImageClassifier
    from keras_transfer.python_api.classifiers.text_classifier import TextClassifier
    from keras_transfer.python_api.explaining.explanations import Explanations
    from keras_transfer.python_api.explaining.text_explanations import TextExplanations
    from keras_transfer.python_api.finished_comparison import Comparison
    from keras_transfer.python_api.finished_run import Run
    from keras_transfer.python_api.label_reviews import LabelReview
    from keras_transfer.python_api.predictions import Embedding, ImagePredictions, Predictions
    from keras_transfer.python_api.training_call import fine_tune
    from keras_transfer.python_api.verb_functions import (
        apply_review,
        check_dataset,
        compare_runs,
        embed_images,
        evaluate_run,
        explain_images,
        export_model,
        load_config,
        predict_images,
        review_labels,
    )
    from keras_transfer.system.errors import ConfigError

_HOMES = {
    "keras_transfer.config.sections.augment_settings": ("AugmentConfig",),
    "keras_transfer.config.sections.cache_settings": ("CacheConfig",),
    "keras_transfer.config.sections.data_settings": ("DataConfig",),
    "keras_transfer.config.sections.finetune_settings": ("FinetuneConfig",),
    "keras_transfer.config.sections.frozen_settings": ("FrozenConfig",),
    "keras_transfer.config.sections.head_settings": ("HeadConfig",),
    "keras_transfer.config.sections.optimizer_settings": ("OptimizerConfig",),
    "keras_transfer.config.train_config": ("TrainConfig",),
    "keras_transfer.models.backbones.backbone_table": ("BACKBONES",),
    "keras_transfer.python_api.classifiers.image_classifier": ("ImageClassifier",),
    "keras_transfer.python_api.classifiers.text_classifier": ("TextClassifier",),
    "keras_transfer.python_api.explaining.explanations": ("Explanations",),
    "keras_transfer.python_api.explaining.text_explanations": ("TextExplanations",),
    "keras_transfer.python_api.finished_comparison": ("Comparison",),
    "keras_transfer.python_api.finished_run": ("Run",),
    "keras_transfer.python_api.label_reviews": ("LabelReview",),
    "keras_transfer.python_api.predictions": ("Embedding", "ImagePredictions", "Predictions"),
    "keras_transfer.python_api.training_call": ("fine_tune",),
    "keras_transfer.python_api.verb_functions": (
        "apply_review",
        "check_dataset",
        "compare_runs",
        "embed_images",
        "evaluate_run",
        "explain_images",
        "export_model",
        "load_config",
        "predict_images",
        "review_labels",
    ),
    "keras_transfer.system.errors": ("ConfigError",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BACKBONES",
    "AugmentConfig",
    "CacheConfig",
    "Comparison",
    "ConfigError",
    "DataConfig",
    "Embedding",
    "Explanations",
    "FinetuneConfig",
    "FrozenConfig",
    "HeadConfig",
    "ImageClassifier",
    "ImagePredictions",
    "LabelReview",
    "OptimizerConfig",
    "Predictions",
    "Run",
    "TextClassifier",
    "TextExplanations",
    "TrainConfig",
    "apply_review",
    "check_dataset",
    "compare_runs",
    "embed_images",
    "evaluate_run",
    "explain_images",
    "export_model",
    "fine_tune",
    "load_config",
    "predict_images",
    "review_labels",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("keras_transfer.config.help.versions").find_version()
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
