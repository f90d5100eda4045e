"""What starts a cluster goes by the rules of Docker and Ray, as far as these can be had."""

import json
import re
import shlex
import tomllib
from importlib.metadata import PackageNotFoundError, metadata

import pytest
import yaml
from pages import ROOT, read

CLUSTER = ROOT / "configs/cluster"
PROJECT = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def steps():
    """The instructions of the Dockerfile, each in one line."""
    text = re.sub(r"^#.*\n", "", read(CLUSTER / "Dockerfile"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [line.partition(" ")[::2] for line in lines if line]


@pytest.fixture(scope="module")
def cluster():
    return yaml.safe_load(read(CLUSTER / "ray-cluster.yaml"))


def test_the_image_installs_extras_that_there_are(steps):
    (command,) = [words for step, words in steps if step == "RUN" and "pip install" in words]
    asked = re.search(r'"/build\[([\w,]+)\]"', command)[1].split(",")
    assert {*asked} <= {*PROJECT["optional-dependencies"]}
    assert "ray" in asked
    assert "tensorflow[and-cuda]" in command
    try:
        offered = metadata("tensorflow").get_all("Provides-Extra")
    except PackageNotFoundError:
        pytest.skip("TensorFlow has another name here")
    assert "and-cuda" in offered


def test_the_image_holds_only_what_it_copies(steps):
    copied = [file for step, words in steps if step == "COPY" for file in words.split()[:-1]]
    kept = read(CLUSTER / "Dockerfile.dockerignore").splitlines()
    assert {f"!{file}" for file in copied} == {line for line in kept if line.startswith("!")}
    assert kept[0] == "*"
    for file in copied:
        assert (ROOT / file).exists()


def test_the_image_has_the_oldest_python_that_the_package_takes(steps):
    (version,) = [words.partition("=")[2] for step, words in steps if words.startswith("PYTHON=")]
    assert PROJECT["requires-python"] == f">={version}"


def test_words_of_both_files_are_commands_that_there_are(steps):
    from keras_transfer.__main__ import VERBS

    text = read(CLUSTER / "Dockerfile") + read(CLUSTER / "ray-cluster.yaml")
    found = re.findall(r"keras-transfer (\w+)", text)
    assert {"train", "compare"} <= {*found} <= {*VERBS}
    assert json.loads(steps[-1][1]) == ["keras-transfer", "help"]


def test_the_cluster_runs_the_image_that_the_dockerfile_builds(cluster):
    (build,) = re.findall(
        r"docker build .* -t (\S+) \.$", read(CLUSTER / "Dockerfile"), re.MULTILINE
    )
    assert cluster["docker"]["image"] == build
    for command in cluster["head_start_ray_commands"] + cluster["worker_start_ray_commands"]:
        assert "ray" in shlex.split(command)


def test_ray_accepts_the_cluster(cluster):
    """As `ray up` does: what is left out is filled in, and the whole is checked."""
    ray_config = pytest.importorskip(
        "ray.autoscaler._private.util", reason="needs the extra [ray]", exc_type=ImportError
    )
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    ready = ray_config.prepare_config(cluster)
    ray_config.validate_config(ready)
    (nodes,) = ready["available_node_types"].values()
    assert nodes["min_workers"] == len(cluster["provider"]["worker_ips"])
    with pytest.raises(jsonschema.ValidationError):
        ray_config.validate_config(ready | {"machines": 3})
