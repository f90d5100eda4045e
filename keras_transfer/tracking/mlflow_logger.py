"""The logger `mlflow`: a run of an experiment, on the server or in the store that MLflow uses."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.system.terminal.visible_text import quote_word
from keras_transfer.tracking.tracked_run import TrackedRun

LETTERS = 500  # of a parameter: what every version of a server takes
# A server that does not answer is waited for a few seconds, not minutes. What the user sets wins.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
STORE, ARTIFACTS = "mlflow.db", "mlartifacts"  # beside the runs, where the user names no store


class MlflowLog:
    """A run of MLflow.

    Args:
        client: Of the server or store.
        id: Of the run there.
        place: Where it is seen.
    """

    def __init__(self, client: Any, id: str, place: str) -> None:
        self.client, self.id, self.place = client, id, place

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log those that the run lacks: MLflow lets none be changed."""
        from mlflow.entities import Param

        known = self.client.get_run(self.id).data.params
        new = [
            Param(name, str(value)[:LETTERS])
            for name, value in parameters.items()
            if name not in known
        ]
        self.client.log_batch(self.id, params=new)

    def log_epoch(self, step: int, phase: str, values: Mapping[str, float]) -> None:
        """Log one value of each metric."""
        self._log(values, step)

    def log_results(
        self, results: Mapping[str, float], figures: Sequence[Path], files: Sequence[Path]
    ) -> None:
        """Log final metrics under `final/`, and figures and files as artifacts."""
        self._log({f"final/{name}": value for name, value in results.items()}, 0)
        for file in files:
            self.client.log_artifact(self.id, str(file), "model")
        for figure in figures:
            self.client.log_artifact(self.id, str(figure), "figures")

    def close(self, finished: bool) -> None:
        """Set the status."""
        self.client.set_terminated(self.id, "FINISHED" if finished else "FAILED")

    def _log(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self.client.log_batch(self.id, metrics=metrics)


def open_mlflow(tracked: TrackedRun) -> MlflowLog:
    """Begin a run of the experiment `MLFLOW_EXPERIMENT_NAME`, else of the output folder's name.

    Where `MLFLOW_TRACKING_URI` names no store, it is one in the output folder: MLflow's own default
    is in the working directory, and a run that is resumed from elsewhere would not be found.
    """
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # one warning is enough
    import mlflow

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # that tables are made
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or tracked.experiment
    place = f"experiment {experiment}; see it with: mlflow ui"
    store, artifacts = None, None
    if not mlflow.is_tracking_uri_set():
        store = f"sqlite:///{(tracked.output / STORE).as_posix()}"
        artifacts = (tracked.output / ARTIFACTS).as_uri()
        place += f" --backend-store-uri {quote_word(store)}"
    client = mlflow.MlflowClient(store)
    if tracked.id:
        client.update_run(tracked.id, status="RUNNING")
        return MlflowLog(client, tracked.id, place)
    number = _find_experiment(client, experiment, artifacts)
    tags = {"comparison": tracked.group} if tracked.group else {}
    run = client.create_run(number, run_name=tracked.name, tags=tags)
    return MlflowLog(client, run.info.run_id, place)


def _find_experiment(client: Any, name: str, artifacts: str | None) -> str:
    """Return the number of an experiment, which is made unless it is there.

    Args:
        client: Of the store.
        name: Of the experiment.
        artifacts: Where a new one keeps its files; None: where the store has it.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if not found:
        try:
            return str(client.create_experiment(name, artifacts))
        except MlflowException:  # unless another row of the comparison was faster
            found = client.get_experiment_by_name(name)
            if not found:
                raise
    return str(found.experiment_id)
