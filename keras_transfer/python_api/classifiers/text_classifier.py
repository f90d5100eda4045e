"""A fine-tuned text encoder as a scikit-learn classifier of sentences."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from keras_transfer.data.sources.in_memory.array_pairs import is_sized
from keras_transfer.python_api.classifiers.transfer_classifier import TransferClassifier
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.given_strings import is_text, list_texts_of


class TextClassifier(TransferClassifier):
    """Fine-tune a pretrained text encoder as a scikit-learn classifier.

    What is not named here is taken as `fine_tune` takes it: `finetune__learning_rate=2e-5`,
    `data__sequence_length=128`. Each `fit` leaves a run directory in `output`. A share of the texts
    that `fit` gets is held back for validation, as in every training; there is no test split,
    unless `data__test_fraction` says so.

    `X` holds n texts, a list, an array or a column of them, or n pairs: tuples, or two columns. A
    text is never taken for the name of a file. Pickled, it holds the trained network and its
    tokenizer, so that it predicts where the run is not.

    Example:
        >>> import keras_transfer as kt
        >>> classifier = kt.TextClassifier(strategy="feature_extraction")
        >>> classifier.fit(["I loved it", "So dull"], [1, 0]).predict(["A joy"])

    Args:
        backbone: Pretrained text encoder, one of `keras_transfer.BACKBONES`.
        epochs: Of each phase. None: found from the number of texts.
        batch_size: Texts per step. None: 32.
        strategy: How the epochs are spent: two_phase, feature_extraction, full … .
        weights: auto, none, or the path of weights or of an earlier run.
        random_state: Seed of everything random, or a `RandomState`. None: 0, as for the command.
        output: Folder in which the run directories are made.
        quiet: Say warnings and errors only.
        **settings: Others, see above.

    Attributes:
        classes_: (classes,) labels as `y` has them, sorted; columns of `predict_proba`.
        run_path_: Of the run directory, for `keras_transfer.Run.open`.
    """

    modality = "text"

    def __init__(
        self,
        backbone: str = "minilm",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        strategy: str = "two_phase",
        weights: str = "auto",
        random_state: Any = None,
        output: str | Path = "saved_models",
        quiet: bool = True,
        **settings: Any,
    ) -> None:
        self.backbone = backbone
        self.epochs = epochs
        self.batch_size = batch_size
        self.strategy = strategy
        self.weights = weights
        self.random_state = random_state
        self.output = output
        self.quiet = quiet
        self.set_params(**settings)

    def list_inputs(self, X: Any) -> list[Any]:
        """Return a list of n texts, or of n pairs.

        Args:
            X: Texts or pairs, see the class.

        Raises:
            ConfigError: It is something else.
        """
        single = isinstance(X, Set) or not is_sized(X) or getattr(X, "ndim", 1) == 0
        texts = [X] if single else list_texts_of(X)
        odd = [each for each in texts if not is_text(each)]
        if single or odd:
            raise ConfigError(
                "X must be a list or a column of texts, or of pairs of them. Received: "
                f"{repr(odd[0] if odd else X)[:60]}."
            )
        return texts

    def name_inputs(self, inputs: list[Any]) -> Any:
        """Return texts such that none is taken for the name of a file."""
        return [(each,) if isinstance(each, str | bytes) else tuple(each) for each in inputs]
