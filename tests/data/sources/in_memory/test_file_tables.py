import pytest

from keras_transfer.system.errors import ConfigError

pd = pytest.importorskip("pandas", reason="needs the extra [notebook]")


def test_a_frame_of_paths_starts_at_the_working_directory(name, files, tmp_path):
    paths, labels = files
    named = name(pd.DataFrame({"path": paths, "label": labels}))
    assert named.path.parent.parent == tmp_path / "cache/in_memory"
    assert named.examples.root == tmp_path / "set"
    assert str(tmp_path / "set" / paths[0]) in named.path.read_text()  # read from anywhere
    assert named.classes() == dict(zip(paths, labels, strict=True))


def test_columns_are_found_as_in_tables(name, files):
    paths, labels = files
    frame = pd.DataFrame({"filename": paths, "species": labels, "age": 3.5})
    assert name(frame).classes() == dict(zip(paths, labels, strict=True))


def test_splits_and_groups_of_a_frame_are_kept(name, files):
    paths, labels = files
    splits = ["train", "val", "test"] * 2
    named = name(pd.DataFrame({"path": paths, "label": labels, "split": splits, "group": [7] * 6}))
    assert named.count() == {"train": 2, "validation": 2, "test": 2}
    assert set(named.examples.groups) == {"7"}


def test_an_index_of_paths_is_a_column(name, files):
    paths, labels = files
    frame = pd.DataFrame({"label": labels}, index=pd.Index(paths, name="path"))
    assert len(name(frame).examples.paths) == 6
    frame["path"] = paths
    assert name(frame).classes() == dict(zip(paths, labels, strict=True))


def test_a_frame_of_paths_is_taken_with_labels_beside_it(name, files):
    paths, labels = files
    given = pd.DataFrame({"path": paths}), pd.Series(labels)
    assert name(given).classes() == dict(zip(paths, labels, strict=True))


def test_columns_of_several_lengths_are_refused(name, files):
    paths, labels = files
    with pytest.raises(ConfigError, match=r"one length. Received: path of 6, label of 5"):
        name({"path": paths, "label": labels[:-1]})


def test_whole_numbers_with_gaps_are_no_fractions(name, files, caplog):
    paths, _ = files
    frame = pd.DataFrame({"path": paths, "label": [0, 1, 2, 0, 1, None]})
    assert name(frame).examples.class_names == ("0", "1", "2")
    assert "1 of 6 rows have no label" in caplog.text


def test_columns_in_a_dict_are_a_frame(name, files):
    paths, labels = files
    assert name({"path": paths, "label": labels}).classes() == dict(zip(paths, labels, strict=True))


def test_columns_of_0_and_1_are_classes(name, files):
    paths, labels = files
    marks = {kind: [int(label == kind) for label in labels] for kind in ("cat", "dog")}
    named = name(pd.DataFrame({"path": paths, **marks}))
    assert named.classes() == dict(zip(paths, labels, strict=True))


def test_lists_of_files_get_splits_of_their_own(name, make_tree, monkeypatch):
    """Though the folders are called train and val: whoever lists files means these."""
    paths = [f"{split}/{k}/{i}.png" for split in ("train", "val") for k in "ab" for i in range(2)]
    monkeypatch.chdir(make_tree(*paths))
    labels = [path.split("/")[1] for path in paths]
    pairs = [*zip(paths, labels, strict=True)]
    for dataset in ((paths, labels), (pd.Series(paths), pd.Series(labels)), pairs):
        named = name(dataset)
        assert named.classes() == dict(zip(paths, labels, strict=True))
        assert named.count() == {"": 8}


def test_the_same_files_have_the_same_name_and_others_another(name, files):
    paths, labels = files
    first = name((paths, labels)).path
    assert name((paths, labels)).path == first
    assert name((paths[:-1], labels[:-1])).path != first


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"path": None}, "must have the columns path and label.*Received: path. Rename"),
        ({"foo": None, "label": "x"}, "must have the columns path and label.*Received: foo, label"),
        ({"path": "gone.png", "label": "x"}, "must exist. Received: none of 6, such as 'gone.png'"),
        ({"path": 5, "label": "x"}, "Paths must be text. Received: int in the column path"),
        ({"path": None, "label": 0.5}, "fractions such as 0.5"),
    ],
)
def test_frames_that_cannot_be_used_are_refused(name, files, columns, message):
    paths, _ = files
    frame = pd.DataFrame({k: paths if v is None else [v] * 6 for k, v in columns.items()})
    with pytest.raises(ConfigError, match=message):
        name(frame)


def test_a_name_that_occurs_twice_is_refused(name, files):
    frame = pd.DataFrame(
        [[path, "a", "b"] for path in files[0]], columns=["path", "label", "Label"]
    )
    with pytest.raises(ConfigError, match=r"each once. Received: label twice"):
        name(frame)


def test_images_in_a_column_are_refused_with_the_way_to_give_them(name, arrays):
    images, labels = arrays
    with pytest.raises(ConfigError, match=r"columns path and label|Paths must be text"):
        name(pd.DataFrame({"image": list(images), "label": labels}))


def test_missing_files_are_left_to_the_doctor(name, files):
    paths, labels = files
    assert len(name(([*paths, "gone.png"], [*labels, "cat"])).examples.paths) == 7
