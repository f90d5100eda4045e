"""The command that writes what a network makes of images."""

import shutil

import numpy as np
import pytest
from json_answers import read_answer

import keras_transfer as kt
from keras_transfer import embed
from keras_transfer.embed import embed_passes, embedding_files
from keras_transfer.evaluation.domain_gap import pooled_features
from keras_transfer.system.errors import ConfigError

WORDS = ["tiny", "--weights", "none"]


@pytest.fixture(autouse=True)
def desk(tiny_backbone, tmp_path, monkeypatch):
    """Work in a folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def embed_words(*words):
    network, *options = WORDS
    return embed.main([network, *map(str, words), *options])


def list_files(folder):
    return sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()
    )


def test_features_of_a_data_set_are_written_with_path_split_and_class(stripes, desk, capsys):
    assert embed_words(stripes, "--output", "all.npz") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("128 images, 16 features each, by tiny with random weights (")
    assert said[1:] == ["Written: all.npz"]
    found = np.load(desk / "all.npz", allow_pickle=False)
    assert sorted(found) == ["class", "data_set", "path", "split", "vector"]
    assert found["vector"].shape == (128, 16)
    assert found["vector"].dtype == np.float32
    row = found["path"].tolist().index("val/upright/003.png")
    assert (found["split"][row], found["class"][row]) == ("validation", "upright")
    assert {*found["data_set"]} == {str(stripes)}
    assert list_files(desk) == ["all.npz"]


def test_the_run_s_own_features_are_those_that_its_head_takes(finished_run, stripes, desk):
    from keras_transfer.models.cuts import expose_pooled
    from keras_transfer.models.run_model import load_run_model
    from keras_transfer.run.load_settings import load_run_config

    found = kt.embed_images(finished_run.path)
    table = finished_run.split_table()
    assert found.paths.tolist() == table["path"]
    assert found.splits.tolist() == table["split"]
    assert found.classes.tolist() == table["class"]
    model = expose_pooled(load_run_model(finished_run, load_run_config(finished_run)))
    head = model.get_layer("head") if "head" in [each.name for each in model.layers] else None
    answers = np.asarray((head or model.layers[-1])(np.array(found.vectors[:5])))
    predicted = kt.predict_images(finished_run.path, [stripes / path for path in found.paths[:5]])
    np.testing.assert_allclose(answers, predicted.probabilities, atol=1e-5)
    part = kt.embed_images(finished_run.path, split="validation")
    assert list_files(desk) == []
    assert not any(desk.iterdir())  # not even a folder
    assert {*part.splits} == {"validation"}
    assert repr(part).startswith(f"Embedding of {len(part)} images, 16 features each")


def test_images_without_labels_have_no_class_and_broken_ones_are_named(
    stripes, desk, capsys, caplog
):
    folder = shutil.copytree(stripes / "test/level", desk / "flat")
    (folder / "004.png").write_bytes(b"no image")
    assert embed_words("flat", "flat/00?.png", "--output", "flat.npz", "--figure", "--json") == 0
    answer = read_answer("embed", capsys.readouterr().out)
    assert [each["images"] for each in answer["data_sets"]] == [11, 9]
    assert [each["path"] for each in answer["unusable"]] == ["004.png", "flat/004.png"]
    assert "1 unreadable file is left out: 004.png (" in caplog.text
    assert answer["gap"]["neighbour_accuracy"] is None
    found = np.load(desk / "flat.npz")
    assert {*found["class"], *found["split"]} == {""}
    assert not {"004.png", "flat/004.png"} & {*found["path"]}
    whole = kt.embed_images("tiny", stripes / "test/level", weights="none")  # rows stay together
    np.testing.assert_allclose(found["vector"][:11], np.delete(whole.vectors, 4, 0), atol=1e-6)
    assert (desk / "figures/flat.png").read_bytes().startswith(b"\x89PNG")


def test_of_two_data_sets_the_gap_is_said(stripes, desk, capsys):
    assert embed_words(stripes / "train", stripes / "val") == 0
    *_, first, second, gap, file, drawn = capsys.readouterr().out.splitlines()
    assert first.endswith("train: 80 images")
    assert second.endswith("val: 24 images")
    assert gap.startswith("Domain gap: MMD ")
    assert "nearest neighbours across domains right for" in gap
    folder = desk / file.removeprefix("Written: ").rpartition("/")[0]
    assert list_files(folder) == ["embedding.json", "embedding.npz", "figures/embedding.png"]
    assert drawn.endswith("figures/embedding.png")
    assert embedding_files.NEW.file == "embedding.json"
    with pytest.raises(ConfigError, match="must hold images"):  # what it left is no data set
        kt.check_dataset(desk / "saved_models")


def test_the_same_table_is_written_as_parquet(stripes, desk, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra [parquet]")
    monkeypatch.setattr(embedding_files, "ROWS", 10)
    for name in ("a.npz", "a2.parquet"):
        embed_words(stripes / "val", "--output", name)
    table, arrays = parquet.read_table(desk / "a2.parquet"), np.load(desk / "a.npz")
    assert table.column_names == ["data_set", "path", "split", "class", "vector"]
    for name in table.column_names:
        assert table[name].to_pylist() == arrays[name].tolist()
    assert parquet.ParquetFile(desk / "a2.parquet").num_row_groups == 3


def test_what_is_there_is_never_replaced(stripes, desk):
    for name, there in (("a.npz", "a.npz"), ("b.npz", "figures/b.png")):
        (desk / there).parent.mkdir(exist_ok=True)
        (desk / there).write_text("mine")
        with pytest.raises(ConfigError, match="never overwritten"):
            embed_words(stripes, "--output", name)
        assert (desk / there).read_text() == "mine"


def test_an_interrupted_pass_leaves_nothing(stripes, desk, monkeypatch):
    original, calls = embed_passes.stream_features, []

    def stop(*words):
        for batch in original(*words):
            calls.append(batch)
            yield batch
            raise KeyboardInterrupt

    monkeypatch.setattr(embed_passes, "stream_features", stop)
    with pytest.raises(KeyboardInterrupt):
        embed_words(stripes, "--output", "new/a.npz")
    assert len(calls) == 1
    assert list_files(desk) == []


def test_features_wait_on_disk_and_not_in_memory(stripes, monkeypatch):
    monkeypatch.setattr(pooled_features, "BATCH", 5)
    found = kt.embed_images("tiny", stripes / "val", weights="none")
    assert isinstance(found.vectors, np.memmap)
    once = kt.embed_images("tiny", str(stripes / "val"), weights="none")
    np.testing.assert_allclose(found.vectors, once.vectors, atol=1e-6)
    frame = found.to_frame()
    assert list(frame.columns) == ["data_set", "path", "split", "class", "vector"]
    np.testing.assert_array_equal(frame["vector"][3], found.vectors[3])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny"], "At least one data set must be named"),
        (["tinny", "SET"], "Unknown backbone 'tinny'. Did you mean 'tiny'"),
        (["SET", "SET"], "A run directory must hold config.yaml"),
        (["tiny", "nowhere"], "there is no such path"),
        (["tiny", "empty"], "`dataset` must hold images"),
        (["tiny", "broken"], "At least one image must be readable"),
        (["tiny", "SET", "--split", "tset"], "must be one of the splits of"),
        (["tiny", "SET", "--output", "a.csv"], "ends in .npz or .parquet"),
        (["tiny", "SET", "--output", "SET/a.npz"], "outside the data set"),
        (["tiny", "SET", "--output", "file/a.npz"], "must be a file that can be written"),
        (["RUN", "SET", "--image_size", "64"], "`data` must be left out where a run"),
        (["RUN", "SET", "--weights", "none"], "`weights` must be left out where a run"),
        (["tiny", "SET", "--weights", "nowhere.h5"], "`weights`"),
        (["tiny", "SET", "--dataset", "x"], "Data sets follow the network"),
    ],
)
def test_what_cannot_be_embedded_is_told_in_a_line(words, said, stripes, finished_run, desk):
    (desk / "empty").mkdir()
    (desk / "broken").mkdir()
    (desk / "broken/a.png").write_bytes(b"x")
    (desk / "file").touch()
    places = {"SET": str(stripes), "RUN": str(finished_run.path)}
    words = [places.get(word, word).replace("SET/", f"{stripes}/") for word in words]
    if words[0] == "tiny" and "--weights" not in words:
        words += ["--weights", "none"]
    with pytest.raises(ConfigError) as caught:
        embed.main(words)
    assert said in str(caught.value)


def test_a_path_alone_is_printed_where_it_is_asked_for(stripes, desk, capsys):
    assert embed_words(stripes / "val", "--output", "a.npz", "--quiet") == 0
    assert capsys.readouterr().out == f"{desk / 'a.npz'}\n"


def test_features_that_are_no_numbers_are_refused(stripes, monkeypatch):
    original = pooled_features.open_backbone

    def spoil(*words):
        import dataclasses

        network = original(*words)
        return dataclasses.replace(network, forward=lambda images: images[:, 0, :16, 0] * np.nan)

    monkeypatch.setattr(embed_passes, "open_backbone", spoil)
    with pytest.raises(ConfigError, match="Features must be finite numbers"):
        embed_words(stripes / "val")
