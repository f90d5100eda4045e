"""The functions of the verbs as Python code calls them: wrong arguments are a `ConfigError`."""

import functools
from pathlib import Path
from typing import Any, cast

from keras_transfer import check, compare, embed, evaluate, explain, export, predict, review
from keras_transfer.compare.columns import COLUMNS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.embed import embedding
from keras_transfer.evaluation import predict_output
from keras_transfer.modalities.table import name_datasets
from keras_transfer.python_api.arguments.argument_errors import guard, hand_out
from keras_transfer.python_api.arguments.setting_names import refuse_unknown
from keras_transfer.python_api.explaining.explanations import Explanations
from keras_transfer.python_api.explaining.text_explanations import TextExplanations
from keras_transfer.python_api.finished_comparison import Comparison
from keras_transfer.python_api.label_reviews import LabelReview
from keras_transfer.python_api.predictions import Embedding, ImagePredictions, Predictions
from keras_transfer.run import load_settings


def name_images(found: predict_output.ImagePredictions) -> ImagePredictions:
    """Return the predictions of a verb as the class that Python code takes in hand."""
    return ImagePredictions(**vars(found))


def hold_explanations(found: explain.Explained) -> Explanations | TextExplanations:
    """Return the explanations of a verb as the class that Python code takes in hand."""
    names, each = found.class_names, cast("list[Any]", found.found)
    if found.takes_texts:
        return TextExplanations(each, names, found.model)
    return Explanations(each, names)


def hold_embedding(found: embedding.Embedding) -> Embedding:
    """Return the features of a verb as the class that Python code takes in hand."""
    return Embedding(**vars(found))


apply_review = guard(review.apply_review)
check_dataset = guard(check.check_dataset)
embed_images = hand_out(embed.embed_images, hold_embedding)
export_model = guard(export.export_model)
evaluate_run = hand_out(evaluate.evaluate_run, Predictions)
explain_images = hand_out(explain.explain_images, hold_explanations)
predict_images = hand_out(predict.predict_images, name_images)
review_labels = hand_out(review.review_labels, LabelReview)


# their docstrings are those of the verbs
@guard
@functools.wraps(compare.compare_runs)
def compare_runs(path: str | Path | None = None, /, **settings: Any) -> Comparison:  # noqa: D103
    refuse_unknown(settings, [*COLUMNS, *compare.OWN, "grid"])
    return Comparison(compare.compare_runs(path, **settings).path)


@guard
@functools.wraps(load_settings.load_config)
def load_config(path: str | Path | None = None, /, **overrides: Any) -> TrainConfig:  # noqa: D103
    refuse_unknown(overrides)
    named = name_datasets(overrides, {} if path is None else read_yaml(path))
    return load_settings.load_config(path, **named)
