"""Text encoders of KerasHub: the same numbers from plain layers, and the tokenizers with them."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from tiny_text_backbone import VOCABULARY, make_tiny_text_row, write_text_preset

from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.hub.hub_graphs import build_hub_graph, fill_hub_graph
from keras_transfer.models.hub.hub_presets import open_preset
from keras_transfer.models.hub.tokenizer_folders import find_tokenizer
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

keras_hub = pytest.importorskip("keras_hub", reason="needs the extra [text]")
pytest.importorskip("tensorflow_text", reason="needs the extra [text]")

PAD, END = VOCABULARY.index("[PAD]"), VOCABULARY.index("[SEP]")
# a text, a pair, and one that is padding after its first token
IDS = np.array([[2, 8, 9, 10, 3, 0, 0], [2, 8, 3, 11, 12, 13, 3], [2, 0, 0, 0, 0, 0, 0]], np.int32)
SEGMENTS = np.array([[0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1], [0] * 7], np.int32)
POOLERS = ("BertBackbone", "AlbertBackbone", "ElectraBackbone")


def give_values(network):
    """Give every weight a value that shows: biases and scales begin as 0 and 1."""
    random = np.random.default_rng(3)
    for weight in network.weights:
        wide = 0.5 if weight.name in ("gamma", "beta", "bias") else 0.2
        weight.assign(np.asarray(weight.value) + random.normal(0, wide, weight.shape))


def make_network(family, **changes):
    config = {
        "vocab_size" if family == "ElectraBackbone" else "vocabulary_size": 30,
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 12,
        "max_sequence_length": 16,
        **changes,
    }
    network = getattr(keras_hub.models, family)(**config)
    give_values(network)
    return network


def describe(network, pooling):
    from keras_transfer.models.backbones.hub_networks import HubNetwork

    return HubNetwork(
        name="tiny",
        family=type(network).__name__,
        config=network.get_config(),
        pooling=pooling,
        pad=PAD,
        separator=END,
    )


def ask(network):
    """Return the hidden states and, if there is one, what the pooler makes of them."""
    given = {
        "token_ids": IDS,
        "padding_mask": (IDS != PAD).astype("int32"),
        "segment_ids": SEGMENTS,
    }
    found = network({name: given[name] for name in network.input})
    if isinstance(found, dict):
        return np.asarray(found["sequence_output"]), np.asarray(found["pooled_output"])
    return np.asarray(found), None


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("BertBackbone", {}),
        ("DistilBertBackbone", {}),
        ("RobertaBackbone", {}),
        ("XLMRobertaBackbone", {}),
        ("ElectraBackbone", {"embedding_dim": 8}),
        ("ElectraBackbone", {"embedding_dim": 4}),
        ("AlbertBackbone", {"embedding_dim": 4}),
        ("AlbertBackbone", {"embedding_dim": 8, "num_layers": 3}),
        ("DebertaV3Backbone", {"bucket_size": 4}),
        ("DebertaV3Backbone", {"bucket_size": 256}),
    ],
)
def test_plain_layers_compute_what_kerashub_does(family, changes):
    network = make_network(family, **changes)
    states, pooled = ask(network)
    here = IDS != PAD
    expected = {"mean": states * here[:, :, None], "class": states[:, 0], "pooler": pooled}
    for pooling in ("mean", "class", "pooler") if family in POOLERS else ("mean", "class"):
        preset = describe(network, pooling)
        graph = build_hub_graph(preset, 0)
        fill_hub_graph(graph, network, preset)
        found = np.asarray(graph(IDS))
        np.testing.assert_allclose(found, expected[pooling], atol=1e-5, err_msg=pooling)
        if pooling == "mean":
            assert not found[~here].any()


def test_groups_of_layers_are_refused():
    network = make_network("AlbertBackbone", embedding_dim=4, num_groups=2)
    with pytest.raises(ConfigError, match="several groups of shared layers"):
        build_hub_graph(describe(network, "pooler"), 0)


@pytest.fixture(scope="module", params=["Bert", "DistilBert", "Electra"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / request.param
    changes = {"embedding_dim": 16} if request.param == "Electra" else {}
    network = write_text_preset(folder, request.param, **changes)
    return folder, network


@pytest.mark.thorough
def test_a_preset_is_a_row_with_its_weights_and_its_tokenizer(written):
    folder, network = written
    name = f"hub:{folder}"
    row = find_backbone(name)
    assert (row.takes, row.most_tokens, row.extra, row.image_size) == ("texts", 64, "text", 0)
    family = type(network).__name__
    bert = family == "BertBackbone"
    assert row.preset.pooling == ("pooler" if bert else "class")
    assert list(row.blocks) == ["embeddings", "layer_1", "layer_2"] + ["pooler"] * bert
    assert row.layer_decay == (0.8 if family == "ElectraBackbone" else 1.0)
    backbone = build_backbone(row, 0)
    weights = find_weights(name, row, "auto")
    load_weights(backbone, name, weights)
    states, pooled = ask(network)
    expected = pooled if bert else states[:, 0]
    np.testing.assert_allclose(backbone(IDS), expected, atol=1e-5)
    assert weights.origin.startswith(f"{folder}, licence: ")
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(find_tokenizer(row, weights)))
    words = [VOCABULARY.index(word) for word in ("the", "good", "film")]
    assert tokenizer("The good film").tolist() == words


@pytest.mark.thorough
def test_a_folder_is_a_file_of_weights_of_a_row_of_its_shape(tmp_path, tiny_text_backbone):
    network = write_text_preset(tmp_path / "other")
    backbone = build_backbone(tiny_text_backbone, 0)
    weights = find_weights("tiny_text", tiny_text_backbone, str(tmp_path / "other"))
    assert weights.kind == "file"
    load_weights(backbone, "tiny_text", weights)
    states, _ = ask(network)
    np.testing.assert_allclose(backbone(IDS), states * (IDS != 0)[:, :, None], atol=1e-5)


@pytest.mark.thorough
def test_weights_of_another_shape_are_refused(tmp_path, tiny_text_backbone):
    write_text_preset(tmp_path / "deep", num_layers=3)
    weights = find_weights("tiny_text", tiny_text_backbone, str(tmp_path / "deep"))
    with pytest.raises(ConfigError, match="must be those of a BertBackbone of 2 layers"):
        load_weights(build_backbone(tiny_text_backbone, 0), "tiny_text", weights)


def test_imagenet_is_no_word_for_texts(tiny_text_backbone):
    with pytest.raises(ConfigError, match="needs a network for images"):
        find_weights("tiny_text", tiny_text_backbone, "imagenet")


def test_the_folder_of_a_tokenizer_is_the_same_every_time(tiny_text_backbone):
    weights = find_weights("tiny_text", tiny_text_backbone, "none")
    folder = find_tokenizer(tiny_text_backbone, weights)
    assert folder == find_tokenizer(tiny_text_backbone)
    assert folder.parent.name == "tokenizers"
    files = {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
    assert files == {"config.json", "tokenizer.json", "assets/tokenizer/vocabulary.txt"}


def test_a_tokenizer_of_other_marks_is_refused(tmp_path, tiny_text_backbone):
    folder = shutil.copytree(tiny_text_backbone.preset.name, tmp_path / "moved")
    file = folder / "assets/tokenizer/vocabulary.txt"
    words = file.read_text().split("\n")
    words[0], words[5] = words[5], words[0]
    file.write_text("\n".join(words))
    preset = dataclasses.replace(tiny_text_backbone.preset, name=str(folder))
    with pytest.raises(ConfigError, match=r"3 at the end\. Received: 94 tokens, 5 and 3"):
        find_tokenizer(dataclasses.replace(tiny_text_backbone, preset=preset))


def test_a_tokenizer_of_another_class_is_refused(tmp_path, tiny_text_backbone):
    folder = shutil.copytree(tiny_text_backbone.preset.name, tmp_path / "byte")
    file = folder / "tokenizer.json"
    said = json.loads(file.read_text())
    said |= {"class_name": "ByteTokenizer", "registered_name": "keras_hub>ByteTokenizer"}
    file.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match="tokenizer must be one of"):
        make_tiny_text_row(folder)


def test_an_encoder_with_another_activation_is_refused(tmp_path):
    config = {"model_type": "bert", "vocab_size": 30, "hidden_act": "relu", "hidden_size": 16}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=r"with the activation gelu\. Received: .*'relu'"):
        open_preset(str(tmp_path), "--backbone")
