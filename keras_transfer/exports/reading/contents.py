"""What a model's graph holds, read from its file without running or loading any of it."""

import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import name_some
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.packages import is_installed

# Operations of TensorFlow that read or write files, talk to others or call Python.
REACHING = re.compile(
    r"PyFunc|(Read|Write|Matching)_?File|FilesDataset|Record(Reader|Dataset)|Text(Line|File)|CSV"
    r"|WholeFile|LMDB|Sql|Snapshot.*Dataset|(Save|Load|Cache)Dataset|DatasetToTFRecord|DataService"
    r"|DistributedSave|^(Save|Restore)(V2|Slices?)?$|Checkpoint|LoadAndRemap|VocabRemapping|PrintV2"
    r"|Debug|Summary(Writer|FileWriter|DbWriter)|Write\w*Summary|^WriteRawProto|FileSystem"
    r"|^_?(Host)?(Send|Recv)$|^Collective|RemoteCall|DistributedTPU|TPUEmbedding|^Rpc|BigQuery"
)
CHECKPOINT = {"SaveV2", "RestoreV2", "MergeV2Checkpoints"}  # in each file, to keep its weights
STANDARD = ("", "ai.onnx", "ai.onnx.ml")  # domains of ONNX' own operations


def describe_contents(place: Path) -> str:
    """Return what a SavedModel, ONNX or TFLite file holds, as the end of "It holds …".

    Raises:
        ConfigError: It keeps numbers in files outside its folder, or is damaged.
    """
    odd, kinds = _READERS.get(place.suffix, _read_saved_model)(place)
    if odd:
        return f"operations that reach beyond it or are not standard: {name_some(odd, most=8)}"
    return f"{kinds} kinds of operations, none of which is known to reach beyond the model"


def list_reaching(folder: Path) -> list[str]:
    """Return a SavedModel's operations on files, on the network and in Python, and unknown ones."""
    return _read_saved_model(folder)[0]


def _read_saved_model(folder: Path) -> tuple[list[str], int]:
    """Return the odd operations of all its graphs, and how many kinds there are."""
    import_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import op_def_registry

    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    kinds: set[str] = set()
    for graph in model.meta_graphs:
        kinds |= _list_kinds(graph)
    if is_installed("tensorflow_text") and not all(map(op_def_registry.get, kinds)):
        importlib.import_module("tensorflow_text")  # the operations of tokenizers are known then
    known = {kind for kind in kinds if op_def_registry.get(kind) is not None}
    return sorted({kind for kind in known if REACHING.search(kind)} | (kinds - known)), len(kinds)


def _list_kinds(graph: Any) -> set[str]:
    """Return the operations of a graph and of its functions, but those that only keep weights."""
    functions = {each.signature.name: each for each in graph.graph_def.library.function}
    concrete = graph.object_graph_def.concrete_functions
    roots = [node for name in concrete if name in functions for node in functions[name].node_def]
    called = _follow_calls(roots, functions) | set(concrete)
    kinds = {node.op for node in graph.graph_def.node}
    for name, function in functions.items():
        own = {node.op for node in function.node_def}
        # a saver's functions are called by none that can be asked: TensorFlow loads without them
        kinds |= own if not concrete or name in called else own - CHECKPOINT
    return kinds - set(functions)


def _follow_calls(nodes: Iterable[Any], functions: dict[str, Any]) -> set[str]:
    """Return the names of all functions that nodes call, and those that these call."""
    called: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        attributes = node.attr.values()
        names = {node.op, *(each.func.name for each in attributes)}
        names |= {function.name for each in attributes for function in each.list.func}
        for name in names & (functions.keys() - called):
            called.add(name)
            waiting += functions[name].node_def
    return called


def _read_onnx(file: Path) -> tuple[list[str], int]:
    try:
        import onnx
    except ImportError as error:
        raise ConfigError(
            f"onnx must be installed to see what is in {file}. Received: no such package. "
            "Run: pip install 'keras_transfer[onnx]'"
        ) from error
    model = onnx.load(file, load_external_data=False)
    messages = list(_walk(model))
    for tensor in (each for each in messages if isinstance(each, onnx.TensorProto)):
        _check_outside(file, tensor)
    nodes = [each for each in messages if isinstance(each, onnx.NodeProto)]
    own = {(function.domain, function.name) for function in model.functions}
    odd = {
        f"{node.domain}.{node.op_type}"
        for node in nodes
        if node.domain not in STANDARD and (node.domain, node.op_type) not in own
    }
    return sorted(odd), len({node.op_type for node in nodes})


def _walk(model: Any) -> Iterator[Any]:
    """Yield every message within a message, however deep."""
    waiting = [model]
    while waiting:
        message = waiting.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += [value] if hasattr(value, "ListFields") else list(value)


def _check_outside(file: Path, tensor: Any) -> None:
    """Refuse a tensor whose numbers lie in a file outside the model's folder."""
    said = [entry.value for entry in tensor.external_data if entry.key == "location"]
    folder = file.absolute().parent.resolve()
    for location in said:
        if not (folder / location).resolve().is_relative_to(folder):
            raise ConfigError(
                f"An ONNX file must keep its numbers in itself or in its folder. Received: {file}, "
                f"whose {tensor.name!r} is in {location}. Put that file beside it and save it anew."
            )


def _read_tflite(file: Path) -> tuple[list[str], int]:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(file.read_bytes(), 0)
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    odd = {code.CustomCode().decode(errors="replace") for code in codes if code.CustomCode()}
    return sorted(odd), len(codes)


_READERS = {".onnx": _read_onnx, ".tflite": _read_tflite}
