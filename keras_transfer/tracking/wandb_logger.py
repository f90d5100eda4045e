"""The logger `wandb`: a run of a project on Weights & Biases, or in the run directory off line."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.system.terminal.visible_text import quote_word
from keras_transfer.tracking.tracked_run import TrackedRun

SECONDS = 30.0  # that a server may take to answer


class WandbLog:
    """A run of Weights & Biases.

    Args:
        run: What `wandb.init` returned.
        place: Where it is seen.
    """

    def __init__(self, run: Any, place: str) -> None:
        self.run, self.id, self.place = run, str(run.id), place

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Set the configuration."""
        self.run.config.update(dict(parameters), allow_val_change=True)

    def log_epoch(self, step: int, phase: str, values: Mapping[str, float]) -> None:
        """Log one row."""
        self.run.log({**values, "phase_name": phase}, step=step)

    def log_results(
        self, results: Mapping[str, float], figures: Sequence[Path], files: Sequence[Path]
    ) -> None:
        """Log final metrics as the summary, the figures as images, the model as an artifact."""
        import wandb

        self.run.summary.update({f"final/{name}": value for name, value in results.items()})
        self.run.log({f"figures/{file.stem}": wandb.Image(str(file)) for file in figures})
        model = wandb.Artifact(f"{self.run.id}-model", type="model")
        for file in files:
            model.add_file(str(file), policy="mutable")  # no copy of it in wandb's cache
        self.run.log_artifact(model)

    def close(self, finished: bool) -> None:
        """End the run; what is to be sent is waited for."""
        self.run.finish(exit_code=0 if finished else 1)


def open_wandb(tracked: TrackedRun) -> WandbLog:
    """Begin a run of the project `WANDB_PROJECT`, else of the output folder's name.

    Without credentials, or with `WANDB_MODE=offline`, it is kept off line. Neither the output of
    the program, its command line nor its code is sent.
    """
    import wandb

    offline = not os.environ.get("WANDB_MODE") and not wandb.login(prompt=False)
    project = os.environ.get("WANDB_PROJECT") or tracked.experiment
    run = wandb.init(
        project=project,
        group=tracked.group or None,
        name=tracked.name,
        id=tracked.id or secrets.token_hex(4),
        resume="allow",
        dir=tracked.run.path,
        mode="offline" if offline else None,
        settings=wandb.Settings(
            console="off",
            silent=True,
            disable_git=True,
            save_code=False,
            x_disable_meta=True,
            init_timeout=SECONDS,
        ),
    )
    place = f"off line; send it with: {_say_sync(run)}" if run.offline else run.url
    return WandbLog(run, f"project {project}, {place}")


def _say_sync(run: Any) -> str:
    """Return the command that sends all of a run: each process that went on with it left a part."""
    parts = sorted(Path(run.dir).parent.parent.glob(f"offline-run-*-{run.id}"))
    words = [f"--id {run.id}"] if len(parts) > 1 else []  # then they are sent in order of time
    return " ".join(["wandb sync", *words, *map(quote_word, parts)])
