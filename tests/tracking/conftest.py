"""The local store of each logger, off line, and what was left in it."""

import json
import struct
import sys

import pytest

BLOCK = 32768  # bytes of a file of wandb, in which no record lies across an end


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Have each logger keep everything below the folder of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("WANDB_PROJECT", "WANDB_API_KEY", "WANDB_RUN_GROUP", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "wandb"))
    yield tmp_path
    if "wandb" in sys.modules:
        sys.modules["wandb"].teardown()


@pytest.fixture
def read_back(store):
    """Return what the store of a logger holds of a run: see `READERS`."""
    return lambda name, run: READERS[name](run)


def read_csv(run):
    from keras_transfer.system.files.atomic_files import read_table

    def pairs(name):
        return dict(zip(*read_table(run.csv_logs / name).values(), strict=True))

    epochs = read_table(run.csv_logs / "epochs.csv")
    files = read_table(run.csv_logs / "files.csv") if run.metrics_file.exists() else {"path": []}
    return {
        "names": ("", ""),
        "parameters": pairs("parameters.csv"),
        "epochs": list(zip(epochs["step"], epochs["val_loss"], strict=True)),
        "results": pairs("results.csv") if run.metrics_file.exists() else {},
        "files": [path.rpartition("/")[2] for path in files["path"]],
    }


def read_tensorboard(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    found = {}
    for part in ("train", "validation", "run"):
        events = EventAccumulator(str(run.tensorboard / part), {"tensors": 0})
        events.Reload()
        for tag in events.Tags()["tensors"]:
            found[part, tag] = [(e.step, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]
    finals = {tag.removeprefix("final/"): rows for (part, tag), rows in found.items()}
    text = bytes(found["run", "parameters"][0][1].item()).decode()
    lines = [line.split("|")[1:3] for line in text.splitlines()[2:]]
    files = found.get(("run", "files"), [(0, b"")])[0][1]
    files = bytes(files.item()).decode().split("`") if files else []
    images = [tag for (_, tag), rows in found.items() if rows[0][1].shape == (3,)]
    return {
        "names": ("", ""),
        "parameters": {name.strip(): value.strip(" `") for name, value in lines},
        "epochs": [(step, value.item()) for step, value in found["validation", "epoch_loss"]],
        "results": {tag: rows[0][1].item() for tag, rows in finals.items() if "/" in tag},
        "files": [file.rpartition("/")[2] for file in files] + [f"{tag}.png" for tag in images],
    }


def read_mlflow(run):
    import mlflow

    client = mlflow.MlflowClient()
    (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
    (found,) = client.search_runs([experiment.experiment_id])
    kept = found.data
    folders = ("model", "figures")
    lists = [client.list_artifacts(found.info.run_id, name) for name in folders]
    files = [each.path for artifacts in lists for each in artifacts]
    epochs = client.get_metric_history(found.info.run_id, "val_loss")
    finals = {name: value for name, value in kept.metrics.items() if name.startswith("final/")}
    return {
        "names": (experiment.name, found.info.run_name),
        "group": kept.tags.get("comparison", ""),
        "parameters": kept.params,
        "epochs": [(each.step, each.value) for each in epochs],
        "results": {name.removeprefix("final/"): value for name, value in finals.items()},
        "files": [path.rpartition("/")[2] for path in files],
        "status": found.info.status,
    }


def read_wandb(run):
    import wandb
    from wandb.proto import wandb_internal_pb2

    wandb.teardown()  # till then its process may hold lines back
    files, rows, runs, config, summary = [], [], [], {}, {}
    for file in sorted(run.wandb.glob("offline-run-*/*.wandb")):
        for content in _list_records(file.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(content)
            kind = record.WhichOneof("record_type")
            if kind == "run":
                runs.append(record.run)
                config |= _list_items(record.run.config.update)
            elif kind == "config":
                config |= _list_items(record.config.update)
            elif kind == "history":
                rows.append((record.history.step.num, _list_items(record.history.item)))
            elif kind == "summary":
                summary |= _list_items(record.summary.update)
            elif kind == "artifact":
                files += [entry.path for entry in record.artifact.manifest.contents]
    assert len({each.run_id for each in runs}) == 1
    files += [f"{key[8:]}.png" for _, row in rows for key in row if key.startswith("figures/")]
    finals = {name: value for name, value in summary.items() if name.startswith("final/")}
    return {
        "names": (runs[0].project, runs[0].display_name),
        "group": runs[0].run_group,
        "parameters": {name: str(value) for name, value in config.items()},
        "epochs": [(step, row["val_loss"]) for step, row in rows if "val_loss" in row],
        "results": {name.removeprefix("final/"): value for name, value in finals.items()},
        "files": files,
    }


def _list_items(items):
    return {([*each.nested_key] or [each.key])[0]: json.loads(each.value_json) for each in items}


def _list_records(content):
    """Yield the records of a file of wandb, which is a log of LevelDB behind seven bytes."""
    position, record = 7, b""
    while position + 7 <= len(content):
        if BLOCK - position % BLOCK < 7:  # no header fits there
            position += BLOCK - position % BLOCK
            continue
        length, kind = struct.unpack("<HB", content[position + 4 : position + 7])
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or its last part
            yield record
            record = b""


READERS = {
    "csv": read_csv,
    "tensorboard": read_tensorboard,
    "mlflow": read_mlflow,
    "wandb": read_wandb,
}
