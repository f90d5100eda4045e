"""What is wrong is told in a line, and what the command is not is said by the others."""

import shutil

import pytest
from tiny_presets import write_vit
from zeroshot_calls import refusal

from keras_transfer import clean, evaluate, explain, export, predict, report, zeroshot
from keras_transfer.models.hub import hub_presets, preset_sources
from keras_transfer.system.errors import ConfigError
from keras_transfer.zeroshot import classify

# Refusals


@pytest.fixture
def unloaded(monkeypatch):
    """Fail where anything is loaded: what is wrong is told before."""
    monkeypatch.setattr(classify, "open_preset", lambda name: pytest.fail("it was opened"))


@pytest.mark.thorough
@pytest.mark.usefixtures("unloaded")
def test_what_is_missing_or_taken_is_told_before_anything_is_loaded(tmp_path, stripes, left):
    assert "`preset` must name a CLIP preset" in refusal("--dataset", stripes)
    given = "--preset", "x"
    assert "`dataset` must be given" in refusal(*given)
    assert "`dataset` must be given" in refusal(*given, "--export")
    (tmp_path / "flat").mkdir()
    shutil.copy(stripes / "test/level/000.png", tmp_path / "flat")
    assert "must hold class folders" in refusal(*given, "--dataset", tmp_path / "flat")
    given = *given, "--dataset", stripes
    assert "nothing is overwritten" in refusal(*given, "--output", left)
    assert "Not a directory" in refusal(*given, "--output", stripes / "test/level/000.png/x")
    assert "outside the data set" in refusal(*given, "--output", stripes / "x")
    assert "No such file" in refusal(*given, "--prompts", tmp_path / "nowhere.txt")
    (tmp_path / "other.yaml").write_text("cat: [a cat]\ndog: [a dog]\n")
    assert "'cat'" in refusal(*given, "--prompts", tmp_path / "other.yaml")
    assert "Unknown option --data.image_size" in refusal(*given, "--data.image_size", 64)


@pytest.mark.usefixtures("unloaded")
def test_a_classifier_of_any_classes_needs_names_that_can_be_told_apart(tmp_path):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    (tmp_path / "own.json").write_text('{"cat": "a cat", "cat\\u202e": "a cat"}')
    words = "--preset", "x", "--prompts", tmp_path / "own.json", "--export"
    assert "must differ in what can be seen" in refusal(*words)
    assert "Received: --probe without --dataset" in refusal(*words, "--probe")


@pytest.mark.parametrize("verb", [evaluate, explain, export, predict, report])
def test_other_commands_say_that_the_folder_is_no_run(verb, left, stripes):
    words = [left, stripes / "test"] if verb is predict else [left]
    with pytest.raises(ConfigError, match="a folder of zeroshot, which is no run") as error:
        verb.main([*map(str, words)])
    assert "\n" not in str(error.value)
    if verb is predict:
        assert f"predict takes what its --export leaves in {left}/exports." in str(error.value)


@pytest.mark.thorough
def test_explain_says_in_short_that_it_cannot_look_into_the_classifier(left, stripes, tmp_path):
    words = [left / "exports/model.keras", stripes / "test/level/000.png", "--output", tmp_path]
    with pytest.raises(ConfigError, match=r"Received: one that it cannot follow\.$"):
        explain.main([*map(str, words)])


def test_a_preset_without_texts_is_refused(tmp_path, stripes):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    write_vit(tmp_path / "vit")
    said = refusal("--preset", tmp_path / "vit", "--dataset", stripes)
    assert "must be of CLIP, which knows images and texts" in said


def test_a_preset_that_cannot_be_had_is_one_line(stripes, tmp_path, monkeypatch):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setattr(preset_sources, "find_fault", lambda url: "no route")
    said = refusal("--preset", "clip_vit_base_patch32", "--dataset", stripes)
    assert "is not kept, and no answer from" in said


def test_without_kerashub_one_line_says_how_it_is_had(stripes, monkeypatch):
    monkeypatch.setattr(hub_presets, "is_installed", lambda package: False)
    said = refusal("--preset", "clip_vit_base_patch32", "--dataset", stripes)
    assert said.startswith("`--preset` needs KerasHub. Received: no such package.")


def test_help_and_the_program_know_the_command(capsys):
    with pytest.raises(SystemExit):
        zeroshot.main(["--help"])
    said = capsys.readouterr().out
    assert "--probe" in said
    assert "--prompts FILE" in said
    assert max(map(len, said.splitlines())) <= 80


def test_clean_says_that_it_removes_embeddings_of_sentences(capsys):
    with pytest.raises(SystemExit):
        clean.main(["--help"])
    assert "embeddings of the sentences of zeroshot" in " ".join(capsys.readouterr().out.split())
