"""Blocks that workers answer, and workers that die; Ray itself is in `test_ray_clusters.py`."""

import importlib
import logging
import threading
import time

import pytest
from fake_ray import FakeRay, Fatal

from keras_transfer.cluster.block_engines import BLOCK, cut_blocks, order_answers
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.block_workers import FATAL, answer_with_workers
from keras_transfer.cluster.ray_connection import count_workers, share_cluster
from keras_transfer.system.errors import ConfigError

ITEMS = range(3 * BLOCK - 100)


def square(fatal=(), deaths=(), come=lambda: True):
    """Return a job that squares, and ends its worker at some numbers, always or the first times.

    Blocks are answered once `come`, which is asked when no deaths are left, says so.
    """
    left = list(deaths)

    def answer(items, lost):
        for place, item in enumerate(items):
            if place in lost:
                continue
            if item in fatal or (item in left and not left.remove(item)):
                raise Fatal(f"ended by {item}")
        until = time.monotonic() + 30
        while not left and not come() and time.monotonic() < until:
            time.sleep(0.001)
        return [lost.get(place, item**2) for place, item in enumerate(items)]

    return BlockJob(opening=lambda: answer, name=lambda item: f"item {item}")


def ask(job, ray, items=ITEMS, workers=2):
    answers = order_answers(answer_with_workers(ray, job, cut_blocks(items), workers))
    return [each for block in answers for each in block]


def test_the_answers_are_in_order_and_whole():
    ray = FakeRay(2)
    job = square(come=lambda: ray.started == 2)
    assert ask(job, ray) == [item**2 for item in ITEMS]
    assert ray.started == 2


def test_what_a_dead_worker_had_is_done_by_another_one(caplog):
    ray = FakeRay(2)
    job = square(deaths=[700], come=lambda: ray.started == 3)
    assert ask(job, ray) == [item**2 for item in ITEMS]
    assert ray.started == 3
    assert "A worker ended with a block of 512 examples (ended by 700): it is done again" in (
        caplog.text
    )


def test_a_worker_that_finds_no_room_any_more_holds_no_block_back():
    ray = FakeRay(1)  # of two: the other one waits for ever
    assert ask(square(deaths=[700]), ray) == [item**2 for item in ITEMS]


@pytest.mark.parametrize("fatal", [{700}, {0, 511, 1435}])
def test_what_ends_each_worker_is_found_and_left_out(fatal):
    wanted = [FATAL if item in fatal else item**2 for item in ITEMS]
    assert ask(square(fatal), FakeRay(2)) == wanted


def test_what_ended_a_worker_alone_is_tried_once_more():
    # twice in its block, once in its part, once alone
    assert ask(square(deaths=[700] * 4), FakeRay(2)) == [item**2 for item in ITEMS]


def test_a_block_that_is_too_large_for_any_worker_is_named():
    def answer(items, lost):
        if len(items) == BLOCK:
            raise Fatal("out of memory")
        return list(items)

    job = BlockJob(opening=lambda: answer, name=lambda item: f"item {item}")
    must = r"item 0 and 511 more, which end them \(out of memory\), but not one by one"
    with pytest.raises(ConfigError, match=must):
        ask(job, FakeRay(2), range(BLOCK))


def test_a_fault_in_the_work_is_said_once_and_ends_all():
    def answer(items, lost):
        raise ConfigError("Features must be finite numbers.")

    with pytest.raises(ConfigError, match="finite"):
        ask(BlockJob(opening=lambda: answer), FakeRay(2))


def test_a_worker_that_cannot_open_says_why():
    def opening():
        raise ConfigError("no such model")

    with pytest.raises(ConfigError, match="no such model"):
        ask(BlockJob(opening=opening), FakeRay(2))


# in a call of the worker, as Ray says it, or where it is made, which ends it
@pytest.mark.parametrize(
    ("fault", "said"), [(RuntimeError, "ModuleNotFoundError: No module named"), (Fatal, "and more")]
)
def test_a_machine_without_the_package_is_said_in_a_line(fault, said):
    def opening():
        raise fault(
            "The actor with name BlockWorker failed to import on the worker. This may be …:\n\n"
            "Traceback …\nModuleNotFoundError: No module named 'keras_transfer'"
        )

    with pytest.raises(ConfigError, match=rf"every machine .* Received: {said}.*\. Install it"):
        ask(BlockJob(opening=opening), FakeRay(2))


def test_a_worker_that_dies_at_each_start_is_given_up():
    def opening():
        raise Fatal("No module named 'keras_transfer'")

    ray = FakeRay(2)
    with pytest.raises(ConfigError, match=r"ends 3 times \(No module named 'keras_transfer'\)"):
        ask(BlockJob(opening=opening), ray, workers=1)
    assert ray.started == 3


def test_what_went_wrong_is_said_also_where_the_cluster_is_gone_by_then():
    def answer(items, lost):
        raise ConfigError("what went wrong")

    def kill(actor):
        raise ray.exceptions.RayError("Actor creation cancelled")

    ray = FakeRay(2)
    ray.kill = kill
    with pytest.raises(ConfigError, match="what went wrong"):
        ask(BlockJob(opening=lambda: answer), ray)


def test_other_packages_on_a_worker_are_refused(monkeypatch):
    here = {"keras_transfer": None, "keras": "3.15.1", "tensorflow": "2.21.0"}
    there = here | {"keras": "3.4.0"}
    monkeypatch.setattr("keras_transfer.cluster.block_workers.read_versions", lambda: here)
    monkeypatch.setattr("keras_transfer.cluster.block_worker.read_versions", lambda: there)
    with pytest.raises(ConfigError, match=r"`keras` must be 3\.15\.1 .* Received: 3\.4\.0 on"):
        ask(square(), FakeRay(2), workers=1)


def test_files_that_a_worker_does_not_see_are_named(tmp_path):
    job = BlockJob(opening=lambda: list, seen=(str(tmp_path), str(tmp_path / "gone")))
    with pytest.raises(ConfigError, match=r"share under the same path\. Received: .*gone, which"):
        ask(job, FakeRay(2))


def test_warnings_of_workers_are_passed_on_once(caplog):
    log = logging.getLogger("keras_transfer.cluster.test")

    def answer(items, lost):
        log.warning("%d are odd", len(items))
        return list(items)

    with caplog.at_level(logging.WARNING, "keras_transfer.cluster.block_workers"):
        ask(BlockJob(opening=lambda: answer), FakeRay(1), workers=1)
    said = [each for each in caplog.records if each.name.endswith("block_workers")]
    assert [each.getMessage() for each in said] == ["512 are odd"]


def test_nothing_is_left_behind_when_the_answers_are_not_wanted_any_more():
    before = threading.active_count()
    ray = FakeRay(2)
    answers = answer_with_workers(ray, square(), cut_blocks(ITEMS), 2)
    next(answers)
    answers.close()
    assert ray.room.acquire(timeout=5)
    assert ray.room.acquire(timeout=5)
    assert threading.active_count() <= before + 4


def test_what_is_under_way_then_is_not_said_to_be_done_again(caplog):
    ray, begun, ended = FakeRay(2), threading.Event(), threading.Event()
    ray.kill = lambda actor: (actor.end(), ended.set())

    def answer(items, lost):
        if items[0]:
            begun.set()
            assert ended.wait(30)
            raise Fatal("killed")
        return items

    answers = answer_with_workers(ray, BlockJob(opening=lambda: answer), cut_blocks(ITEMS), 2)
    next(answers)
    assert begun.wait(30)
    answers.close()
    assert "A worker ended" not in caplog.text


def test_blocks_that_are_done_are_left_out():
    assert [number for number, _ in cut_blocks(ITEMS, done=[1])] == [0, 2]
    assert [len(items) for _, items in cut_blocks(ITEMS)] == [512, 512, 412]


def test_blocks_end_where_batches_do():
    assert [len(items) for _, items in cut_blocks(ITEMS, multiple=24)] == [504, 504, 428]
    assert [len(items) for _, items in cut_blocks(ITEMS, multiple=1000)] == [1000, 436]


def test_what_is_sent_is_packed_also_where_a_block_is_cut():
    def answer(packed, lost):
        items, total = packed
        assert total == sum(items)
        if 700 in items and items.index(700) not in lost:
            raise Fatal("ended by 700")
        return [lost.get(place, item) for place, item in enumerate(items)]

    job = BlockJob(opening=lambda: answer, pack=lambda items: ([*items], sum(items)))
    assert ask(job, FakeRay(2)) == [FATAL if item == 700 else item for item in ITEMS]


def test_what_needs_no_gpu_has_a_worker_for_each_cpu():
    ray = FakeRay(2)
    ray.cluster_resources = lambda: {"CPU": 16.0, "GPU": 2.0}
    assert (count_workers(ray), count_workers(ray, on_gpu=False)) == (2, 16)
    assert share_cluster(ray, 2)["num_gpus"] == 1
    assert "num_gpus" not in share_cluster(ray, 16, on_gpu=False)


@pytest.mark.parametrize("verb", ["check", "embed", "evaluate", "predict"])
def test_workers_are_refused_of_this_machine_by_each_verb(verb):
    main = importlib.import_module(f"keras_transfer.{verb}").main
    with pytest.raises(ConfigError, match="`workers` must be left out without --engine ray"):
        main(["nothing", *(["photos"] if verb == "predict" else []), "--workers", "2"])
    with pytest.raises(ConfigError, match="Did you mean 'ray'"):
        main(["nothing", *(["photos"] if verb == "predict" else []), "--engine", "rays"])
