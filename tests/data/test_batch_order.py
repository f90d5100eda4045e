import numpy as np
import pytest

from keras_transfer.data.batch_order import plan_epoch, plan_pairs, view_seeds


def plans(seed=0, phase="frozen", count=50, epochs=range(12)):
    return [plan_epoch(seed, phase, epoch, count) for epoch in epochs]


@pytest.mark.parametrize("count", [0, 1, 2, 97])
def test_an_epoch_has_every_image_once(count):
    for order, views in plans(count=count, epochs=range(3)):
        assert sorted(order) == list(range(count))
        assert views.shape == (count,)
        assert (order.dtype, views.dtype) == (np.int64, np.int64)


def test_epochs_have_orders_of_their_own():
    orders = [tuple(order) for order, _ in plans()]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize("change", [{"seed": 1}, {"phase": "finetune"}])
def test_order_and_views_depend_on_seed_and_phase(change):
    for (order, views), (other_order, other_views) in zip(plans(), plans(**change), strict=True):
        assert order.tolist() != other_order.tolist()
        assert views.tolist() != other_views.tolist()


def test_an_epoch_is_replayed_without_those_before_it():
    order, views = plan_epoch(3, "finetune", 7, 40)
    in_turn = plans(seed=3, phase="finetune", count=40, epochs=range(8))[7]
    assert (order.tolist(), views.tolist()) == (in_turn[0].tolist(), in_turn[1].tolist())


def test_plans_are_the_same_in_every_process():
    # numbers of another process: a resumed run must go on with exactly these
    order, views = plan_epoch(0, "frozen", 7, 6)
    assert order.tolist() == [2, 3, 4, 1, 0, 5]
    assert views.tolist() == [399756338, 289872716, 737225398, 83138198, 484205460, 88324250]


@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_successive_epochs_meet_every_one_of_k_views_once(k):
    for first in (0, 3):
        views = np.stack([views for _, views in plans(epochs=range(first, first + k))])
        for image in range(views.shape[1]):
            assert sorted(views[:, image] % k) == list(range(k))


def test_images_start_at_views_of_their_own():
    _, views = plan_epoch(0, "frozen", 0, 400)
    counts = np.bincount(views % 4, minlength=4)
    assert counts.min() > 60  # 100 each are expected
    assert len(set(views.tolist())) == 400


def test_views_fit_into_31_bits():
    _, views = plan_epoch(2**31 - 1, "frozen", 10**6, 1000)
    assert views.min() >= 0
    assert views.max() < 2**31


def test_view_seeds_differ_where_seed_image_or_view_do():
    images, views = np.divmod(np.arange(2000), 40)
    rows = [view_seeds(seed, images, views) for seed in (0, 1, 2**31 - 1)]
    seeds = np.concatenate(rows)
    assert seeds.shape == (6000, 2)
    assert seeds.dtype == np.int64
    assert len(np.unique(seeds, axis=0)) == 6000


def test_view_seeds_do_not_depend_on_the_batch():
    together = view_seeds(5, np.array([3, 9, 4]), np.array([7, 8, 6]))
    alone = view_seeds(5, np.array([9]), np.array([8]))
    assert together[1].tolist() == alone[0].tolist()


def test_pairs_are_new_views_of_whole_batches():
    seen = set()
    for epoch in range(3):
        plan = list(plan_pairs(0, "pretrain", range(epoch, epoch + 1), 50, 8))
        assert [(len(images), len(views)) for images, views in plan] == [(8, 16)] * 6
        shown = [
            (i, v) for images, views in plan for i, v in zip(images.repeat(2), views, strict=True)
        ]
        assert len({i for i, _ in shown}) == 48
        assert len(seen | set(shown)) == len(seen) + 96  # no view comes twice
        seen |= set(shown)
