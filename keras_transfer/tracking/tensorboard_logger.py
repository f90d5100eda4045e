"""The logger `tensorboard`: event files in the run directory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.system.terminal.visible_text import quote_word
from keras_transfer.tracking.tracked_run import TrackedRun

VALIDATION = "val_"  # how the names of what is measured on validation begin


class TensorboardLog:
    """Event files of TensorBoard, which draws train and validation as two curves in one chart.

    Args:
        folder: Of the run; those of earlier processes stay in it.
    """

    id = ""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        names = ("train", "validation", "run")
        self.writers = {name: tf.summary.create_file_writer(str(folder / name)) for name in names}
        self.place = f"see it with: tensorboard --logdir {quote_word(folder)}"

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Write a table under the tab Text."""
        import tensorflow as tf

        lines = [f"| {name} | `{value}` |" for name, value in parameters.items()]
        with self.writers["run"].as_default(step=0):
            tf.summary.text("parameters", "\n".join(["| setting | value |", "|---|---|", *lines]))

    def log_epoch(self, step: int, phase: str, values: Mapping[str, float]) -> None:
        """Write scalars under the names that Keras gives them, such as epoch_loss."""
        import tensorflow as tf

        for name, value in values.items():
            part = "validation" if name.startswith(VALIDATION) else "train"
            with self.writers[part].as_default(step=step):
                tf.summary.scalar(f"epoch_{name.removeprefix(VALIDATION)}", value)
        self._flush()

    def log_results(
        self, results: Mapping[str, float], figures: Sequence[Path], files: Sequence[Path]
    ) -> None:
        """Write final metrics, the figures as images, and where the model is."""
        import tensorflow as tf

        with self.writers["run"].as_default(step=0):
            for name, value in results.items():
                tf.summary.scalar(f"final/{name}", value)
            for figure in figures:
                pixels = tf.io.decode_png(figure.read_bytes(), channels=3)
                tf.summary.image(figure.stem, pixels[None])
            tf.summary.text("files", "\n".join(f"* `{file}`" for file in files))

    def close(self, finished: bool) -> None:
        """Close the files."""
        self._flush()
        for writer in self.writers.values():
            writer.close()

    def _flush(self) -> None:
        for writer in self.writers.values():
            writer.flush()


def open_tensorboard(tracked: TrackedRun) -> TensorboardLog:
    """Return the log in the run directory."""
    return TensorboardLog(tracked.run.tensorboard)
