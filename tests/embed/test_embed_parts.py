"""Features in parts that stay, which a later call goes on with."""

import os
import shutil

import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer.embed import embed_passes, embedding, main
from keras_transfer.system.errors import ConfigError

parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra [parquet]")

TINY = ["--weights", "none", "--quiet"]


@pytest.fixture(autouse=True)
def desk(tiny_backbone, monkeypatch, tmp_path):
    """Work in a folder of the test, in blocks of 32."""
    monkeypatch.setattr("keras_transfer.cluster.block_engines.BLOCK", 32)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def flat(stripes, desk):
    """Return a folder of 12 images, of which one cannot be read."""
    folder = shutil.copytree(stripes / "test/level", desk / "flat")
    (folder / "004.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def passed(monkeypatch):
    """Return how many examples went through the network, of each batch."""
    true, counts = embed_passes.stream_features, []

    def count(*words):
        for features, reasons in true(*words):
            counts.append(len(reasons))
            yield features, reasons

    monkeypatch.setattr(embed_passes, "stream_features", count)
    return counts


def embed(*words, network="tiny"):
    return main([network, *map(str, words), *(TINY if network == "tiny" else TINY[2:])])


def read_rows(folder):
    return parquet.read_table(folder).to_pylist()


def test_parts_hold_the_rows_of_a_file_in_their_order(stripes, flat, desk, caplog):
    embed(stripes, "flat", "--output", "parts/")
    assert "1 unreadable file is left out: 004.png (" in caplog.text
    embed(stripes, "flat", "--output", "rows.parquet")
    assert read_rows("parts") == read_rows("rows.parquet")
    assert len(read_rows("parts")) == 128 + 11
    names = sorted(os.listdir("parts"))
    parts = [f"part-00000{number}.parquet" for number in range(5)]
    assert names == ["_embedding.png", "_made_of.json", *parts]  # a map, as there are two sets
    assert os.listdir("figures") == ["rows.png"]


def test_what_is_there_is_not_passed_again(stripes, flat, passed, caplog, capsys):
    whole = kt.embed_images("tiny", [str(stripes), "flat"], weights="none", output="parts/")
    passed.clear()
    for number in (1, 2, 4):  # two that follow each other, and that of another set
        os.unlink(f"parts/part-00000{number}.parquet")
    caplog.clear()
    embed(stripes, "flat", "--output", "parts/")
    assert passed == [32, 32, 12]
    assert capsys.readouterr().out.endswith("/parts\n")
    assert "004.png" in caplog.text
    again = kt.embed_images("tiny", [str(stripes), "flat"], weights="none", output="parts/")
    assert passed == [32, 32, 12]
    assert again.paths.tolist() == whole.paths.tolist()
    assert again.unusable == whole.unusable
    assert len(again.unusable) == 1
    np.testing.assert_array_equal(again.vectors, whole.vectors)


def test_an_interrupted_call_leaves_whole_parts(stripes, monkeypatch):
    true = embed_passes.stream_features

    def stop(*words):
        batches = true(*words)
        yield from (next(batches) for _ in range(2))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(embed_passes, "stream_features", stop)
        with pytest.raises(KeyboardInterrupt):
            embed(stripes, "--output", "parts/")
    assert len(read_rows("parts")) == 64
    embed(stripes, "--output", "parts/")
    embed(stripes, "--output", "rows.parquet")
    assert read_rows("parts") == read_rows("rows.parquet")


def test_workers_leave_the_same_parts(finished_run, stripes, fake_ray):
    network = str(finished_run.path)
    embed(stripes, "--output", "there/", "--engine", "ray", network=network)
    assert fake_ray.started == 2
    embed(stripes, "--output", "there/", network=network)  # made of the same, wherever
    embed(stripes, "--output", "here/", network=network)
    assert [row["path"] for row in read_rows("there")] == [row["path"] for row in read_rows("here")]
    found, wanted = ([row["vector"] for row in read_rows(name)] for name in ("there", "here"))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_block_without_a_readable_image_is_a_part_as_well(desk, stripes, passed):
    (desk / "broken").mkdir()
    for number in range(32):
        (desk / f"broken/{number}.png").write_bytes(b"no image")
    shutil.copy(stripes / "test/level/003.png", desk / "broken/last.png")
    embed("broken", "--output", "parts/")
    passed.clear()
    found = kt.embed_images("tiny", "broken", weights="none", output="parts/")
    assert (len(found), len(found.unusable), passed) == (1, 32, [])


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:500]),
        lambda file: file.write_bytes(b""),
        lambda file: shutil.copy(file.with_name("part-000001.parquet"), file),
        lambda file: parquet.write_table(parquet.read_table(file).select(["path"]), file),
    ],
)
def test_a_damaged_part_is_named(stripes, desk, damage):
    embed(stripes, "--output", "parts/")
    damage(desk / "parts/part-000002.parquet")
    with pytest.raises(ConfigError, match=r"whole Parquet file.*part-000002\.parquet.*Remove it"):
        embed(stripes, "--output", "parts/")


def test_a_folder_that_was_left_without_a_part_is_begun_anew(stripes, desk):
    embed(stripes, "--output", "parts/")
    for file in (desk / "parts").glob("part-*"):
        file.unlink()
    embed(stripes / "val", "--output", "parts/")
    assert len(read_rows("parts")) == 24


def test_a_full_disk_is_said():
    class Full:
        def tofile(self, scratch):
            raise OSError("64 requested and 32 written")

    with pytest.raises(ConfigError, match="must fit on the disk of the output"):
        embedding._append(Full(), None)


def change_seed(stripes, run):
    return ["tiny", stripes, "--seed", "7"]  # of random weights


def change_file(stripes, run):
    os.utime(stripes / "val/upright/003.png", (1, 1))
    return ["tiny", stripes]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_seed, "weights"),
        (lambda stripes, run: ["tiny", stripes, "--image_size", "40"], "settings"),
        (lambda stripes, run: ["tiny", stripes, "--split", "test"], "examples, names and files"),
        (change_file, "names and files"),
        (lambda stripes, run: [run, stripes], "backbone, model, settings, tokenizer, weights"),
    ],
)
def test_parts_of_something_else_are_left_alone(stripes, desk, finished_run, change, named):
    copy = shutil.copytree(stripes, desk / "copy")
    embed(copy, "--output", "parts/")
    network, *words = change(copy, finished_run.path)
    with pytest.raises(ConfigError, match=f"parts, begun with other {named}\\. Choose"):
        embed(*words, "--output", "parts/", network=str(network))
    assert len(read_rows("parts")) == 128


def test_other_places_are_refused(stripes, flat):
    with pytest.raises(ConfigError, match=r"new or empty folder that can be written, or one with"):
        embed(stripes, "--output", "flat/")
    with pytest.raises(ConfigError, match="must be a folder outside the data set"):
        embed(stripes, "--output", f"{stripes}/val/")
    with pytest.raises(ConfigError, match=r"\.npz or \.parquet, or FOLDER/, with the slash"):
        embed(stripes, "--output", "parts")


def test_parts_are_of_one_network_of_a_user(stripes, desk):
    import keras

    def save(activation):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, 2, activation=activation)]
        pooled = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
        keras.Sequential([*layers, *pooled]).save("net.keras")

    words = [stripes / "val", "--output", "parts/", "--image_size", "32", "--preprocess", "raw"]
    save("relu")
    embed(*words, *TINY[:2], network="file:net.keras")
    embed(*words, *TINY[:2], network=f"file:{desk}/net.keras")
    save("tanh")
    with pytest.raises(ConfigError, match=r"begun with other backbone\. Choose"):
        embed(*words, *TINY[:2], network="file:net.keras")


@pytest.mark.thorough
def test_parts_are_of_one_tokenizer(shared, desk):
    preset = shared / "weights/minilm_l6_v2_kerashub_fp16"
    shutil.copytree(preset, desk / "mini")
    vocabulary = desk / "mini/assets/tokenizer/vocabulary.txt"
    vocabulary.chmod(0o644)
    (desk / "texts.csv").write_text("text,label\nA fine film.,good\nA banana.,bad\n")
    words = ["texts.csv", "--weights", "mini", "--output", "parts/"]
    embed(*words, network="minilm")
    swapped = vocabulary.read_text("utf-8").replace("\nfilm\n", "\nFILM\n", 1)
    vocabulary.write_text(swapped.replace("\nbanana\n", "\nfilm\n"), "utf-8")
    with pytest.raises(ConfigError, match=r"begun with other tokenizer\. Choose"):
        embed(*words, network="minilm")
