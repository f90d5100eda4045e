"""How the world lays out its folders: what is certain is read, the rest refused in words."""

import logging

import pytest
from folder_readings import TEST, TRAIN, VALID, read, unfold

from keras_transfer.system.errors import ConfigError


def split_of(found):
    """Return the split of each top folder, where all splits have the classes a and b."""
    assert all(set(classes) == {"a", "b"} for classes in found.values()), found
    return {
        path.split("/")[0]: split
        for split, classes in found.items()
        for paths in classes.values()
        for path in paths
    }


@pytest.mark.parametrize(
    ("words", "splits"),
    [
        (["{training,test}_set/{a,b}/1"], [TRAIN, TEST]),
        (["{Training,Testing} Data/{a,b}/1"], [TRAIN, TEST]),
        (["{train,valid}_set/{a,b}/1"], [TRAIN, VALID]),
        (["{train,test}_images/{a,b}/1"], [TRAIN, TEST]),
        (["{train,test}_data/{a,b}/1"], [TRAIN, TEST]),
        (["{train,test,val}Set/{a,b}/1"], [TRAIN, TEST, VALID]),
        (["{train,test,val}set/{a,b}/1"], [TRAIN, TEST, VALID]),
        (["flowers_{train,test}/{a,b}/1"], [TRAIN, TEST]),
        (["{TRAIN,TEST}-flowers-2/{a,b}/1"], [TRAIN, TEST]),
        (["images for {training,validation}/{a,b}/1"], [TRAIN, VALID]),
        (["{train,val}2017/{a,b}/1"], [TRAIN, VALID]),
        (["{trainval,test}/{a,b}/1"], [TRAIN, TEST]),
        (["{train,dev,test}/{a,b}/1"], [TRAIN, VALID, TEST]),
        (["{train,eval}/{a,b}/1"], [TRAIN, TEST]),
        (["{train,eval,test}/{a,b}/1"], [TRAIN, VALID, TEST]),
        (["{train,val,evaluation}/{a,b}/1"], [TRAIN, VALID, TEST]),
        (["{train,holdout}/{a,b}/1"], [TRAIN, TEST]),
        (["{Trainingsdaten,Testdaten,Validierung}/{a,b}/1"], [TRAIN, TEST, VALID]),
        (["{entrenamiento,validación,prueba}/{a,b}/1"], [TRAIN, VALID, TEST]),
        (["seg_{train}/seg_train/{a,b}/1", "seg_test/seg_test/{a,b}/1"], [TRAIN, TEST]),
        (["train/images/{a,b}/1", "test/images/{a,b}/1"], [TRAIN, TEST]),
        (["{训练集,测试集}/{a,b}/1"], [TRAIN, TEST]),
        (["{treino,teste}/{a,b}/1"], [TRAIN, TEST]),
        (["fold_{1,2,3,4,10}/{a,b}/1"], [TRAIN, TRAIN, TRAIN, VALID, TEST]),
        (["fold{1,2}/{a,b}/1"], [TRAIN, TEST]),
        (["fold{1,2,3}/{a,b}/1", "test/{a,b}/1"], [TRAIN, TRAIN, VALID, TEST]),
        (["animals_fold{0,1,2}/{a,b}/1"], [TRAIN, VALID, TEST]),
    ],
)
def test_folders_that_are_splits_are_splits(lay, words, splits, caplog):
    caplog.set_level(logging.INFO)
    folders = list(dict.fromkeys(path.split("/")[0] for word in words for path in unfold(word)))
    found = split_of(read(lay(*words)))
    assert found == dict(zip(folders, splits, strict=True))
    assert caplog.messages[0].startswith("Splits are folders: ")
    said = {*caplog.messages[0].removesuffix(".").split(": ")[1].split("; ")}
    assert {part.split(" is ")[0] for part in said} == set(splits)
    assert all(f"{folder}/" in caplog.messages[0] for folder in folders)


def test_double_folders_flat_test_images_and_what_lies_beside_are_left_out(lay, caplog):
    root = lay(
        "seg_train/seg_train/{a,b}/1",
        "seg_test/seg_test/{a,b}/1",
        "seg_pred/seg_pred/{1,2}",
        "__MACOSX/seg_train/seg_train/a/1",
    )
    assert read(root) == {
        TRAIN: {name: [f"seg_train/seg_train/{name}/1"] for name in "ab"},
        TEST: {name: [f"seg_test/seg_test/{name}/1"] for name in "ab"},
    }
    assert "Ignored beside the splits" in caplog.text
    assert "seg_pred/" in caplog.text


@pytest.mark.parametrize(
    "beside",
    [
        "train_old/{a,b}/1",
        "test_2/{a,b}/1",
        "fold{1,2}/{a,b}/1",
        "extra/{a,b}/1",
        "chest_xray/{train,test}/{a,b}/1",
    ],
)
def test_folders_that_say_less_plainly_what_others_are_stay_out(lay, beside, caplog):
    found = split_of(read(lay("{train,test}/{a,b}/1", beside)))
    assert found == {"train": TRAIN, "test": TEST}
    assert "Ignored beside the splits" in caplog.text


def test_a_class_that_is_called_like_the_split_it_is_in_stays_a_class(lay):
    assert read(lay("train/{test,control}/1", "test/test/1")) == {
        TRAIN: {"control": ["train/control/1"], "test": ["train/test/1"]},
        TEST: {"test": ["test/test/1"]},
    }


@pytest.mark.parametrize("flat", ["test/1", "test/test/1", "test/images/1", "test1/1"])
def test_a_flat_test_beside_train_is_not_used(lay, flat, caplog):
    assert split_of(read(lay("train/{a,b}/1", flat))) == {"train": TRAIN}
    assert "lie in no class folder: 1 file" in caplog.text


def test_classes_beside_a_test_folder_with_the_same_classes_are_train(lay):
    assert read(lay("{a,b}/1", "test/{a,b}/2")) == {
        TRAIN: {"a": ["a/1"], "b": ["b/1"]},
        TEST: {"a": ["test/a/2"], "b": ["test/b/2"]},
    }


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (["{train,car,bus}/1"], "bus car train"),
        (["{train,car,bus}/{1,2}"], "bus car train"),
        (["{test,control}/1"], "control test"),
        (["{valid,invalid,unsure}/1"], "invalid unsure valid"),
        (["{test tube,beaker,training shoe}/1"], "beaker test tube,training shoe"),
        (["{vehicles,animals}/1", "vehicles/{train,bus}/1"], "animals vehicles"),
        (["{red,green}/{day,night}/1"], "green red"),
        (["{a,b}/{train,unlabeled,fold1}/1"], "a b"),
        (["{fold,stain,tear}/1"], "fold stain tear"),
        (["training_shoe/{left,right}/1", "sandal/{left,right}/1"], "sandal training_shoe"),
        (["{fold_1,fold_2,hairpin}/1"], "fold_1 fold_2 hairpin"),
        (["{0,1,10}/1", "labels.csv"], "0 1 10"),
        (["{class_1,class_2}/1", "labels.csv"], "class_1 class_2"),
        (["{roses,tulips}/1", "labels.csv"], "roses tulips"),
        (["images_part_{1,2}/1"], "images_part_1 images_part_2"),
    ],
)
def test_classes_stay_classes_whatever_they_are_called(lay, words, classes):
    found = read(lay(*words))
    assert set(found) == {""}
    assert " ".join(found[""]).replace(",", " ") == classes.replace(",", " ")


@pytest.mark.parametrize("wrap", ["", "images/"])
def test_classes_that_all_hold_the_same_folders_are_pointed_out(lay, caplog, wrap):
    read(lay(f"{{camera1,camera2}}/{wrap}{{a,b}}/1"))
    assert "Taken for the classes: camera1/, camera2/. Each holds a/, b/" in caplog.text


BOTH = "Add --data.layout classes if .* or --data.layout splits"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{NG,OK,test}/1"], f"NG/, OK/, test/: test/ may hold a class, or images .*{BOTH}"),
        (["{NG,OK,test_images}/1"], BOTH),
        (["{NG,OK,unlabeled}/1"], BOTH),
        (["{a,b}/{train,test}/1", "c/1"], f"a/ with test/, train/ in it: .*{BOTH}"),
        (["a/{train,test}/1", "b/{train,val}/1"], BOTH),
        (["a/{train,test,old}/1", "b/{train,test,old}/1"], BOTH),
        (["{a,b}/{train,test,unlabeled}/1"], BOTH),
        (["shoes_train/{a,b}/1", "shoes_test/{c,d}/1"], f"shoes_test/ alone holds c/, d/.*{BOTH}"),
        (["train_set/{a,b}/1", "test_set/{A,B}/1"], f"test_set/ alone holds A/, B/.*{BOTH}"),
        (["shoes_{train,test}/1", "boots/1"], BOTH),
        (["cats_train/{a,b,c}/1", "test_x/{a,b}/1"], f"names say splits, but .*{BOTH}"),
        (["{train,test}/{a,b}/1", "testing/{a,b}/1"], "Each split must have one folder"),
        (["train/{a,b}/1", "test_{old,new}x/{a,b}/1"], "Each split must have one folder"),
        (["train_{1,2}/{a,b}/1", "test/{a,b}/1"], "Each split must have one folder"),
        (["train/{a,b}/1", "fold{1,2}/{a,b}/1"], "either classes or splits.*layout classes"),
        (["{training,test}_set/1"], "must hold train/ with class folders.*layout classes"),
        (["fold{1,2,3}/1"], "must hold train/ with class folders.*layout classes"),
        (
            ["{train,test}/1", "train.csv"],
            "must hold train/.*If train.csv says .*, use .*train.csv",
        ),
        (["{mnist,mnist_m}/{train,test}/{0,1}/1"], "must be one data set.*Use .*/mnist, or"),
        (["fold_{1,2}/{train,val}/{a,b}/1"], "must be one data set.*Use .*/fold_1, or"),
        (["New Plants/New Plants/{train,valid}/{a,b}/1", "test/test/1"], "Use .*/New Plants,"),
        (["{,validation-}horse-or-human/{a,b}/1"], "Add train/, or"),
        (["{cats,dogs}/1", "pets/{cats,dogs}/2"], "pets/ holds cats/, dogs/ as well.*layout cla"),
        (["{cats,dogs}/1", "in/pets/{cats,dogs}/2"], "in/pets/ holds cats/, dogs/ as well"),
        (["{train,test}_images/1", "test.csv", "train.csv"], "use .*train.csv"),
        (["images_part_{1,2}/1", "metadata.csv"], "look like one pile.*use .*/metadata.csv"),
        (["images_00{1,2}/images/1", "Data_Entry.csv"], "look like one pile.*use .*Data_Entry.csv"),
        (["images/1", "labels.csv"], "look like one pile.*use .*/labels.csv"),
        (["images/{a,b}/1", "labels.csv"], "Use .*/images. If labels.csv says .*, use"),
        (
            ["archive/data/{a,b}/1"],
            "holds only archive/data/ with a/, b/ in it. Use .*archive/data",
        ),
        (["archive/x/train/{a,b}/1"], "only archive/x/train/ with a/, b/ in it. Use .*/x/train"),
        (["archive/{train,test}_set/{a,b}/1"], "Use .*/archive"),
    ],
)
def test_what_is_not_certain_is_refused_with_what_to_do(lay, words, message):
    with pytest.raises(ConfigError, match=message):
        read(lay(*words))


def test_who_says_that_folders_are_classes_gets_classes(lay):
    root = lay("{OK,test,train}/{train,val}/1")
    assert [*read(root, "classes")[""]] == ["OK", "test", "train"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["{NG,OK,test}/1"], {"": {"NG": ["NG/1"], "OK": ["OK/1"]}}),
        (["train/{a,b}/1", "c/1"], {TRAIN: {"a": ["train/a/1"], "b": ["train/b/1"]}}),
        (
            ["a/{train,test}/1", "b/1"],
            {TRAIN: {"a": ["a/train/1"]}, TEST: {"a": ["a/test/1"]}, "": {"b": ["b/1"]}},
        ),
        (
            ["new train_x/{a,b}/1", "test_y/{b,c}/1"],
            {
                TRAIN: {"a": ["new train_x/a/1"], "b": ["new train_x/b/1"]},
                TEST: {"b": ["test_y/b/1"], "c": ["test_y/c/1"]},
            },
        ),
    ],
)
def test_who_says_that_split_words_are_splits_gets_splits(lay, words, found):
    assert read(lay(*words), "splits") == found
