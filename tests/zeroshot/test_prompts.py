import re
from pathlib import Path

import pytest

from keras_transfer.system.errors import ConfigError
from keras_transfer.zeroshot.prompts import TEMPLATES, Wording, read_name, read_wording

PAGE = Path(__file__).parents[2] / "docs/zeroshot.md"
CLASSES = ("french_fries", "pizza")


def write(folder, name, text):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refusal(file):
    with pytest.raises(ConfigError) as error:
        read_wording(file).write_prompts(CLASSES)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_without_a_file_each_class_stands_in_every_template():
    prompts = read_wording(None).write_prompts(CLASSES)
    assert list(prompts) == list(CLASSES)
    assert prompts["french_fries"][0] == "a photo of a french fries."
    assert len(prompts["pizza"]) == len(set(prompts["pizza"])) == len(TEMPLATES)


@pytest.mark.parametrize(
    ("name", "said"),
    [("french_fries", "french fries"), ("a__b c", "a b c"), ("_", "_"), ("7", "7")],
)
def test_names_of_classes_are_made_readable(name, said):
    assert read_name(name) == said


def test_a_text_file_has_a_template_a_line(tmp_path):
    file = write(tmp_path, "own.txt", "art of {}\n\n  {} and {} \nart of {}\n")
    prompts = read_wording(file).write_prompts(CLASSES)
    assert prompts["french_fries"] == ("art of french fries", "french fries and french fries")


@pytest.mark.parametrize("name", ["own.yaml", "own.json"])
def test_a_mapping_has_the_sentences_of_each_class(tmp_path, name):
    text = '{"pizza": ["a pizza", "good {}"], "french_fries": "fried potatoes"}'
    prompts = read_wording(write(tmp_path, name, text)).write_prompts(CLASSES)
    assert prompts == {"french_fries": ("fried potatoes",), "pizza": ("a pizza", "good pizza")}
    assert list(prompts) == list(CLASSES)  # in index order


def test_in_yaml_a_class_may_be_called_no_or_1(tmp_path):
    file = write(tmp_path, "own.yml", "no: [nothing]\n1: one thing\n")
    assert read_wording(file).write_prompts(("1", "no")) == {
        "1": ("one thing",),
        "no": ("nothing",),
    }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "a photo\n", "line 1 of"),
        ("a.txt", "\n \n", "which has none"),
        ("a.json", '{"pizza": ["a"], "french_frys": ["b"]}', "Did you mean 'french_fries'?"),
        ("a.json", '{"pizza": ["a"], "x": ["b"]}', "It has french_fries, pizza."),
        ("a.json", '{"pizza": ["a"]}', "none for french_fries"),
        ("a.json", '{"pizza": ["a"], "french_fries": []}', "none for 'french_fries'"),
        ("a.json", '{"pizza": ["a"], "french_fries": [" "]}', "none for 'french_fries'"),
        ("a.json", '{"pizza": ["a"], "french_fries": {"b": 1}}', "a sentence, or a list"),
        ("a.json", '{"pizza": "a", "pizza": "b"}', "stands there twice"),
        ("a.yaml", "pizza: a\npizza: b\n", "stands there twice"),
        ("a.yaml", "- a photo of a {}\n", "which does not"),
        ("a.yaml", "pizza: [a\n", "must be whole YAML or JSON"),
        ("a.json", '{"pizza": ', "must be whole YAML or JSON"),
    ],
)
def test_each_mistake_is_one_line(tmp_path, name, text, said):
    assert said in refusal(write(tmp_path, name, text))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"a\\nb": "x"}', "must be one line of text"),
        ("a.json", '{"": "x"}', "must be one line of text"),
        ("a.json", '{"\\ud800": "x"}', "must be one line of text"),
        ("a.json", '{"caf\\u00e9": "x", "cafe\\u0301": "y"}', "stands there twice"),
        ("a.yaml", "caf\u00e9: x\ncafe\u0301: y\n", "stands there twice"),
        ("a.json", '{"pizza": ["a \\ud800"]}', "text that UTF-8 can hold"),
        ("a.yaml", "pizza: [a {}]\n", "put sentences with {} in quotes, or one below the other"),
        ("a.yaml", "pizza: ['a {}'\n", "in quotes"),
    ],
)
def test_names_and_sentences_are_text_and_each_name_is_another(tmp_path, name, text, said):
    assert said in refusal(write(tmp_path, name, text))


def test_what_json_lacks_is_not_said_in_words_about_yaml(tmp_path):
    assert refusal(write(tmp_path, "a.json", '{"pizza": ')).endswith("Mend the file.")


def test_the_yaml_of_the_page_is_read(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    prompts = read_wording(write(tmp_path, "own.yaml", block)).write_prompts(("crane", "heron"))
    assert "a construction site with a crane." in prompts["crane"]
    assert prompts["heron"] == ("a photo of a heron, a wading bird.",)


def test_files_that_cannot_be_read_are_one_line(tmp_path):
    assert "No such file" in refusal(tmp_path / "nowhere.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    assert "must be a text file in UTF-8" in refusal(tmp_path / "bytes.txt")


def test_own_templates_and_classes_exclude_each_other():
    wording = Wording(classes={"pizza": ("x",), "french_fries": ("y",)})
    assert wording.write_prompts(CLASSES)["pizza"] == ("x",)
