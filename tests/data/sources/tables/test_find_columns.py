import pytest

from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize("path", ["filename", "file", "image", "image_id", "Image Path", "fname"])
@pytest.mark.parametrize("label", ["class", "Category", "target", "label_name"])
def test_other_names_of_columns_are_understood_and_said(load, say, path, label):
    examples = load(f"{path},{label}\ni/1.png,a\ni/2.png,b\n")
    assert examples.class_names == ("a", "b")
    assert say() == [
        f"labels.csv: the paths are in the column {path}",
        f"labels.csv: the classes are in the column {label}",
    ]


def test_columns_that_are_not_used_are_said_once_but_not_the_numbers_of_rows(load, say):
    load("Unnamed: 0,filepaths,label,fold\n0,i/1.png,a,1\n1,i/2.png,b,2\n")
    assert say() == [
        "labels.csv: the paths are in the column filepaths",
        "labels.csv: fold gives no splits (1, 2); a column split of train, val, test would",
    ]


def test_column_that_holds_files_is_that_of_the_paths(load):
    assert load("filename,image,label\nx,i/1.png,a\ny,i/2.png,b\n").class_names == ("a", "b")


def test_columns_of_0_and_1_beside_a_split_are_classes(load):
    examples = load("image,a,b,is_valid\ni/1.png,1,0,0\ni/2.png,0,1,0\ni/3.png,0,1,1\n")
    assert examples.class_names == ("a", "b")
    assert examples.splits.tolist() == ["train", "train", "validation"]


def test_numbers_beside_names_give_their_order(load, say):
    examples = load("path,class_id,class_name\ni/1.png,10,ant\ni/2.png,9,bee\ni/3.png,9,bee\n")
    assert examples.class_names == ("bee", "ant")
    assert say()[0].endswith("in the column class_name, in the order of class_id")


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("ant", "bee", "bee"), "to have the names, rename label_name to label"),
        (("ant", "ant", "bee"), "label_name does not agree with it"),
    ],
)
def test_numbers_of_label_win_and_names_beside_them_are_told_of(load, say, names, word):
    rows = zip((1, 2, 3), (0, 1, 1), names, strict=True)
    text = "".join(f"i/{k}.png,{label},{name}\n" for k, label, name in rows)
    assert load(f"path,label,label_name\n{text}").class_names == ("0", "1")
    assert any(word in line for line in say())


def test_columns_of_0_and_1_are_classes_in_their_order(load, say):
    text = "image,NV,MEL,UNK\ni/1.png,1.0,0.0,0.0\ni/2.png,0.0,1.0,0.0\n"
    examples = load(text)
    assert (examples.class_names, examples.labels.tolist()) == (("NV", "MEL"), [0, 1])
    assert say()[1:] == [
        "labels.csv: the classes are the columns NV, MEL, of 0 and 1",
        "labels.csv: no example of UNK; no class of the model",
    ]


@pytest.mark.parametrize(
    "header",
    [
        "id_code,diagnosis",  # of well-known sets: APTOS, dog breeds, Stanford Cars, state farm
        "id,breed",
        "relative_im_path,class",
        "img,classname",
        "image,level",
        "isic_id,diagnosis",
        "Path,ClassId",
    ],
)
def test_headers_of_known_sets_are_understood(load, header):
    assert load(f"{header}\n1,0\n2,1\n3,1\n").labels.tolist() == [0, 1, 1]


def test_columns_that_are_not_used_are_named(load, say):
    text = "path,label,age,patient_id\ni/1.png,a,30,7\ni/2.png,b,30,7\ni/3.png,b,30,8\n"
    load(text)
    assert say() == [
        "labels.csv: not used: the columns age, patient_id",
        "labels.csv: one patient_id may be in several splits; rename that column to group",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,category,species\ni/1.png,a,x\ni/2.png,a,y\n", "one column `label`.*category, spec"),
        ("path,cat,dog\ni/1.png,1,0\ni/2.png,1,1\n", "0/1.*each of cat, dog.*1 of 2.*multi-label"),
        ("path,cat,dog\ni/1.png,1,0\ni/2.png,0,0\n", "0/1.*1 of 2 rows have several 1 or none"),
        ("path,cat,dog\ni/1.png,x,y\n", "columns path,label.*path, cat, dog"),
        ("i/1.png,a\ni/2.png,b\n", "which is a row: the names of the columns are missing"),
        ("label,pixel0,pixel1\n1,2,3\n", "images must be files"),
        ("emotion,pixels,Usage\n1,2 3,Training\n", "images must be files"),
    ],
)
def test_columns_that_say_too_little_are_refused_in_words(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)
