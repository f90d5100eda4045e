import contextlib
import dataclasses
import hashlib
import http.server
import shutil
import socket
import threading
import time
import urllib.request
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from keras_transfer.config import ConfigError, HeadConfig, TrainConfig
from keras_transfer.models import weights as module
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.models.builder import build_backbone, build_model
from keras_transfer.models.weights import Weights, find_weights, load_weights
from keras_transfer.run import Run

SHARED = Path(__file__).parents[3] / "shared" / "weights"
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
URL = "https://weights.example/folder/tiny_notop.h5"


def save_legacy(network, file):
    """Write what the downloads of keras.applications are: a legacy file of weights only."""
    with h5py.File(file, "w") as stream:
        legacy_h5_format.save_weights_to_hdf5_group(stream, network)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(module, "_is_online", lambda _: pytest.fail("this needs no network"))
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def row(tiny_row):
    return dataclasses.replace(tiny_row, weights_url=URL)


@pytest.fixture
def source(tiny_row, randomize):
    """A tiny backbone whose every value differs from its first one."""
    backbone = build_backbone(tiny_row, 32)
    randomize(backbone)
    return backbone


@pytest.fixture
def bundled(tmp_path, source):
    (tmp_path / "bundled").mkdir()
    file = tmp_path / "bundled" / "tiny.weights.h5"
    source.save_weights(file)
    return file


# Which weights


def test_none_needs_nothing(row):
    assert find_weights("tiny", row, "none") == Weights(kind="none")


def test_a_cached_file_is_used_without_network(row, cache):
    (cache / "tiny_notop.h5").write_bytes(b"values")
    for choice in ("auto", "imagenet"):
        found = find_weights("tiny", row, choice)
        assert found == Weights(
            kind="imagenet",
            file=cache / "tiny_notop.h5",
            sha256=hashlib.sha256(b"values").hexdigest(),
        )


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_damaged_cached_file_is_not_used(row, cache, monkeypatch, algorithm):
    digest = hashlib.new(algorithm, b"values").hexdigest()
    row = dataclasses.replace(row, weights_hash=digest)
    file = cache / "tiny_notop.h5"
    file.write_bytes(b"values")
    assert find_weights("tiny", row, "imagenet").file == file
    file.write_bytes(b"val")
    monkeypatch.setattr(module, "_is_online", lambda _: False)
    with pytest.raises(ConfigError, match="no whole file in"):
        find_weights("tiny", row, "imagenet")


def test_on_line_the_file_is_downloaded_into_the_cache(row, cache, monkeypatch, bundled):
    asked = {}

    def get_file(fname, origin, cache_dir, cache_subdir, file_hash):
        asked.update(url=origin, hash=file_hash)
        file = Path(cache_dir, cache_subdir, fname)
        file.write_bytes(b"values")
        return str(file)

    monkeypatch.setattr(module, "_is_online", lambda url: url == URL)
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    found = find_weights("tiny", row, "auto")
    assert (found.kind, found.file, found.warning) == ("imagenet", cache / "tiny_notop.h5", None)
    assert asked == {"url": URL, "hash": None}


def test_a_download_that_fails_is_an_error_even_with_bundled_weights(row, monkeypatch, bundled):
    def get_file(*_, **__):
        raise Exception("URL fetch failure on …: None -- reset by peer")  # as Keras does

    monkeypatch.setattr(module, "_is_online", lambda _: True)
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(ConfigError, match=r"must download whole\. Received: .*reset by peer"):
        find_weights("tiny", row, "auto")


def test_off_line_auto_takes_bundled_weights_with_a_warning(row, monkeypatch, bundled):
    monkeypatch.setattr(module, "_is_online", lambda _: False)
    found = find_weights("tiny", row, "auto")
    assert (found.kind, found.file) == ("bundled", bundled)
    assert "ImageNet weights of tiny" in found.warning
    assert find_weights("tiny", row, "bundled").warning is None


@pytest.mark.parametrize("choice", ["auto", "imagenet"])
def test_off_line_the_error_says_what_can_be_done(row, cache, monkeypatch, request, choice):
    if choice == "imagenet":
        request.getfixturevalue("bundled")  # asked for ImageNet: nothing else will do
    monkeypatch.setattr(module, "_is_online", lambda _: False)
    with pytest.raises(ConfigError) as error:
        find_weights("tiny", row, choice)
    for part in ("weights.example", URL, str(cache), "--weights PATH", "--weights none"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_bundled_weights_that_do_not_exist_are_an_error(row):
    with pytest.raises(ConfigError, match="tiny has none"):
        find_weights("tiny", row, "bundled")


@pytest.mark.parametrize(
    ("choice", "part"),
    [
        ("imagnet", "Did you mean 'imagenet'"),
        ("nowhere/model.keras", "does not exist"),
        (__file__, "must be a run directory or a file that ends in"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(row, choice, part):
    with pytest.raises(ConfigError) as error:
        find_weights("tiny", row, choice)
    assert part in str(error.value)
    assert choice in str(error.value)


# Whether the machine is on line


@contextlib.contextmanager
def serving(status):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/file.h5"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def is_online(monkeypatch):
    """The real function, without the proxies of this machine."""
    monkeypatch.undo()
    monkeypatch.setattr(urllib.request, "_opener", None)  # it keeps the proxies of its first use
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return module._is_online


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_any_answer_of_the_host_means_on_line(is_online, status):
    with serving(status) as url:
        assert is_online(url)


def test_a_refusal_means_off_line(is_online):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not is_online(f"http://127.0.0.1:{unused.getsockname()[1]}/file.h5")


def test_a_host_that_never_answers_means_off_line_in_time(is_online, monkeypatch):
    assert module.PROBE_SECONDS <= 15
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        assert not is_online(f"http://127.0.0.1:{silent.getsockname()[1]}/file.h5")
        assert time.monotonic() - start < 3


def test_the_probe_goes_through_a_proxy(is_online, monkeypatch):
    with serving(404) as url:
        monkeypatch.setenv("http_proxy", url.removesuffix("/file.h5"))
        assert is_online("http://nobody.invalid/file.h5")


# What a file does


def write_run(source, row, folder, backbone="tiny"):
    run = Run.create(TrainConfig(backbone="tiny", weights="none", output=folder, name="run"))
    run.write_text(run.config_file, "backbone: tiny\n")
    build_model(row, source, 2, HeadConfig()).save(run.model_file)
    run.finish({"backbone": backbone})
    return run.path


def write(source, row, kind, folder):
    """Save `source` in one of the ways a user may have it."""
    if kind == "run":
        return write_run(source, row, folder)
    if kind == "model.keras":
        model = build_model(row, source, 2, HeadConfig())
        model.compile("adam", "categorical_crossentropy")
        model.save(folder / kind)
    elif kind in ("backbone.keras", "backbone.h5"):  # .h5: architecture and weights
        source.save(folder / kind)
    elif kind in ("legacy.h5", "legacy.weights.h5"):  # Keras 2 wrote both
        save_legacy(source, folder / kind)
    else:
        source.save_weights(folder / "new.weights.h5")
        shutil.move(folder / "new.weights.h5", folder / kind)
    return folder / kind


@pytest.mark.parametrize(
    "kind",
    [
        "new.weights.h5",
        "renamed.h5",
        "legacy.h5",
        "legacy.weights.h5",
        "backbone.h5",
        "backbone.keras",
        "model.keras",
        "run",
    ],
)
def test_every_kind_of_file_gives_the_same_function(source, row, tmp_path, kind):
    expected = np.asarray(source(IMAGES))
    path = write(source, row, kind, tmp_path)
    weights = find_weights("tiny", row, str(path))
    file = path / "model.keras" if kind == "run" else path
    assert (weights.kind, weights.file) == ("file", file)
    assert weights.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", weights)
    np.testing.assert_array_equal(np.asarray(backbone(IMAGES)), expected)


def test_weights_of_kind_none_leave_the_backbone_alone(source):
    expected = np.asarray(source(IMAGES))
    load_weights(source, "tiny", Weights(kind="none"))
    np.testing.assert_array_equal(np.asarray(source(IMAGES)), expected)


def test_half_precision_files_load_into_float32(source, row, tmp_path):
    """The form of the bundled weights."""
    source.save_weights(tmp_path / "full.weights.h5")

    with h5py.File(tmp_path / "full.weights.h5", "r+") as stream:
        names = []
        stream.visit(names.append)
        for name in names:
            if isinstance(stream[name], h5py.Dataset) and stream[name].dtype == "float32":
                values = stream[name][()].astype("float16")
                del stream[name]
                stream[name] = values
    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", find_weights("tiny", row, str(tmp_path / "full.weights.h5")))
    assert {variable.dtype for variable in backbone.weights} == {"float32"}
    for found, expected in zip(backbone.weights, source.weights, strict=True):
        np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-3, atol=1e-6)


def test_a_run_of_another_backbone_is_an_error(source, row, tmp_path):
    path = write_run(source, row, tmp_path, backbone="resnet50")
    with pytest.raises(ConfigError, match=r"tiny\. Received: .*, a run of resnet50"):
        find_weights("tiny", row, str(path))


def test_a_folder_that_is_no_run_is_an_error(row, tmp_path):
    with pytest.raises(ConfigError, match="must hold config"):
        find_weights("tiny", row, str(tmp_path))


@pytest.fixture
def other(tmp_path):
    """A network of the same kinds of layers, in other shapes."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (8, 16, 16):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "backbone.h5", "backbone.keras"])
def test_another_network_is_one_clear_line(row, other, tmp_path, kind):
    path = write(other, row, kind, tmp_path)
    with pytest.raises(ConfigError) as error:
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))
    for part in (str(path), "must be those of tiny", "Received: ", "--backbone", "--weights"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5"])
def test_a_file_that_lacks_a_layer_is_an_error(source, row, tmp_path, kind):
    path = write(source, row, kind, tmp_path)
    with h5py.File(path, "r+") as stream:
        groups = []
        stream.visit(groups.append)
        deepest = max((g for g in groups if "conv" in g and "vars" not in g), key=len)
        del stream[deepest]
    with pytest.raises(ConfigError, match="must be those of tiny"):
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))


def test_values_that_are_no_numbers_are_an_error(source, row, tmp_path):
    source.get_layer("block2_conv").kernel.assign(np.full((3, 3, 16, 16), np.nan))
    path = write(source, row, "a.weights.h5", tmp_path)
    with pytest.raises(ConfigError, match="no numbers for 1 of its weights, block2_conv/kernel"):
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))


def test_a_layer_that_keras_skips_in_silence_is_an_error(source, row, tmp_path, monkeypatch):
    path = write(source, row, "a.weights.h5", tmp_path)
    backbone = build_backbone(row, 32)
    monkeypatch.setattr(backbone, "load_weights", lambda _: None)
    with pytest.raises(ConfigError, match="no numbers for 15 of its weights"):
        load_weights(backbone, "tiny", find_weights("tiny", row, str(path)))


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "model.keras"])
@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_damaged_file_is_one_clear_line(source, row, tmp_path, kind, damage):
    path = write(source, row, kind, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"<html>404</html>")
    with pytest.raises(ConfigError) as error:
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))
    assert f"The weights in {path} must be those of tiny" in str(error.value)
    assert "\n" not in str(error.value)


# Real networks


def test_efficientnet_files_of_every_origin_give_the_same_function(tmp_path, randomize):
    """Trap 1: the graph that a file was saved from may lack the rescaling; ours never does."""
    row = BACKBONES["efficientnetb0"]
    plain = keras.applications.EfficientNetB0(
        weights=None, include_top=False, input_shape=(32, 32, 3)
    )
    randomize(plain)
    plain.save_weights(tmp_path / "plain.weights.h5")
    save_legacy(plain, tmp_path / "download.h5")
    backbone = build_backbone(row, 32)
    weights = Weights(kind="file", file=tmp_path / "download.h5")
    load_weights(backbone, "efficientnetb0", weights)
    expected = np.asarray(backbone(IMAGES))
    backbone.save_weights(tmp_path / "ours.weights.h5")
    assert np.isfinite(expected).all()
    assert not np.allclose(expected, np.asarray(plain(IMAGES)), rtol=0.01)
    for name in ("plain.weights.h5", "ours.weights.h5"):
        load_weights(backbone, "efficientnetb0", Weights(kind="file", file=tmp_path / name))
        np.testing.assert_array_equal(np.asarray(backbone(IMAGES)), expected, err_msg=name)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared is not beside the checkout")
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mobilenetv3small", "mobilenet_v3_small_224_imagenet_notop.weights.h5"),
        ("mobilenetv2", "mobilenet_v2_1.0_224_imagenet_notop.weights.h5"),
    ],
)
def test_real_files_give_the_function_of_keras(name, file, source):
    row = BACKBONES[name]
    backbone = build_backbone(row, 96)
    load_weights(backbone, name, find_weights(name, row, str(SHARED / file)))
    theirs = getattr(keras.applications, row.build)(
        weights=str(SHARED / file), include_top=False, input_shape=(96, 96, 3)
    )
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")
    np.testing.assert_allclose(backbone(pixels), theirs(pixels), rtol=1e-5, atol=1e-5)
    with pytest.raises(ConfigError, match="must be those of tiny"):
        load_weights(source, "tiny", Weights(kind="file", file=SHARED / file))
