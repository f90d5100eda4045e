"""Ray itself: `test_block_workers.py` has all that a stand-in for it can show."""

import os
import signal
import sys

import pytest

from keras_transfer.cluster.block_engines import BLOCK, answer_with_ray, cut_blocks, order_answers
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.block_workers import FATAL
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.slow


@pytest.fixture
def ray():
    found = pytest.importorskip("ray", reason="needs the extra [ray]")
    found.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return found


def open_deadly():
    """Return what squares numbers; 700 ends the process as a fault in a decoder does."""

    def answer(items, lost):
        for place, item in enumerate(items):
            if item == 700 and place not in lost:
                os.kill(os.getpid(), signal.SIGSEGV)
        return [lost.get(place, item**2) for place, item in enumerate(items)]

    return answer


def test_an_example_that_ends_a_process_is_left_out(ray):
    blocks = cut_blocks(range(3 * BLOCK))
    answers = order_answers(answer_with_ray(BlockJob(opening=open_deadly), blocks, 2))
    found = [each for block in answers for each in block]
    assert found == [FATAL if item == 700 else item**2 for item in range(3 * BLOCK)]


def test_a_machine_without_the_package_is_said_in_a_line(ray, tmp_path, monkeypatch):
    apart = [each for each in sys.path if not os.path.isdir(os.path.join(each, "keras_transfer"))]
    monkeypatch.setattr(sys, "path", apart)  # Ray gives it and this folder to workers
    monkeypatch.chdir(tmp_path)
    missing = "No module named 'keras_transfer'"
    (tmp_path / "keras_transfer.py").write_text(f'raise ModuleNotFoundError("{missing}")\n')
    monkeypatch.setattr(
        "keras_transfer.cluster.block_workers.read_variables",
        lambda: {"PYTHONPATH": str(tmp_path)},
    )
    with pytest.raises(ConfigError, match=r"`keras_transfer` must be installed on every"):
        list(answer_with_ray(BlockJob(opening=open_deadly), cut_blocks([1]), 1))
