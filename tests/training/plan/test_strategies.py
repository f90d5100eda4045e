"""What the strategies plan; `test_strategy_runs.py` trains."""

import dataclasses

import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.fit_phase import plan_steps
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import STRATEGIES, check_steps, plan_phases

ROW = BACKBONES["mobilenetv3small"]


def plan(strategy, row=ROW, frozen=3, **finetune):
    settings = {"epochs": 7, "learning_rate": 1e-4, "unfreeze_every": 2} | finetune
    config = TrainConfig(
        backbone="mobilenetv3small",
        strategy=strategy,
        frozen=FrozenConfig(epochs=frozen, learning_rate=5e-3),
        finetune=FinetuneConfig(**settings),
    )
    return plan_phases(config, row)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_spends_the_epochs_of_both_phases(strategy):
    assert sum(phase.epochs for phase in plan(strategy)) == 10


def test_phases_have_the_names_that_were_promised():
    found = {name: [phase.name for phase in plan(name)] for name in STRATEGIES}
    assert found == {
        "feature_extraction": ["frozen"],
        "two_phase": ["frozen", "finetune"],
        "partial": ["finetune"],
        "full": ["finetune"],
        "gradual": ["frozen", "finetune", "finetune_2", "finetune_3", "finetune_4"],
        "lora": ["frozen", "finetune"],
        "from_scratch": ["finetune"],
    }


def test_what_learns():
    found = {name: [phase.first_learning for phase in plan(name)] for name in STRATEGIES}
    blocks = ROW.blocks
    assert found["feature_extraction"] == [None]
    assert found["two_phase"] == found["lora"] == [None, blocks["expanded_conv_7"]]
    assert found["partial"] == [blocks["expanded_conv_10"]]
    assert found["full"] == found["from_scratch"] == [0]


@pytest.mark.parametrize(("last", "block"), [(1, "conv_1"), (3, "expanded_conv_9")])
def test_partial_takes_a_number_of_blocks_or_a_name(last, block):
    for given in (last, block):
        (phase,) = plan("partial", last_blocks=given)
        assert phase.first_learning == ROW.blocks[block]


def test_gradual_lowers_the_boundary_block_by_block_and_never_locks_again():
    phases = plan("gradual", unfreeze_every=1, epochs=5)[1:]
    names = ["conv_1", *(f"expanded_conv_{number}" for number in (10, 9, 8, 7))]
    assert [phase.first_learning for phase in phases] == [ROW.blocks[name] for name in names]
    rates = [phase.learning_rate for phase in phases]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1e-4 > rates[1]


@pytest.mark.parametrize(("epochs", "every"), [(2, 1), (9, 4), (30, 5), (3, 10)])
def test_gradual_ends_with_the_epochs_it_has(epochs, every):
    phases = plan("gradual", unfreeze_every=every, epochs=epochs)[1:]
    assert sum(phase.epochs for phase in phases) == epochs
    assert all(phase.epochs == every for phase in phases[:-1])


@pytest.mark.parametrize(
    ("epochs", "lengths"), [(10, [2, 2, 2, 2, 2]), (7, [1, 1, 2, 1, 2]), (5, [1] * 5)]
)
def test_evenly_takes_all_epochs_for_all_blocks(epochs, lengths):
    phases = plan("gradual", unfreeze_every="evenly", epochs=epochs)[1:]
    assert [phase.epochs for phase in phases] == lengths
    assert phases[-1].first_learning == ROW.blocks["expanded_conv_7"]


def test_with_few_epochs_several_blocks_are_unlocked_at_once(caplog):
    phases = plan("gradual", unfreeze_every="evenly", epochs=2)[1:]
    names = ("expanded_conv_10", "expanded_conv_7")
    assert [phase.first_learning for phase in phases] == [ROW.blocks[name] for name in names]
    assert not caplog.records
    plan("gradual", unfreeze_every=1, epochs=3)
    assert "layers 94 to 123 stay locked" in caplog.text


def test_gradual_follows_one_schedule_that_does_not_restart():
    config = TrainConfig(optimizer=OptimizerConfig(schedule="cosine", warmup=0.1))
    done, rates = 0, []
    for phase in plan("gradual")[1:]:
        phase = phase.follow(done)
        assert phase.begin == done
        rates.append(plan_steps(phase, config, 10))
        done += phase.epochs
    assert [len(part) for part in rates] == [20, 20, 20, 10]
    rates = np.concatenate(rates)
    assert (np.diff(rates[7:]) < 0).all()  # after the warm-up, across all boundaries
    assert rates[-1] < 1e-6


def test_a_phase_that_ended_early_leaves_its_epochs_to_the_others():
    first, second, *_ = plan("gradual", unfreeze_every="plateau")[1:]
    assert first.plateau > 0
    assert first.follow(0).epochs == 7
    assert (second.follow(5).epochs, second.follow(5).begin) == (2, 5)
    assert second.follow(7).epochs == 0


def test_an_untrained_head_learns_at_the_rate_of_frozen():
    for strategy in ("partial", "full"):
        (phase,) = plan(strategy)
        assert (phase.rate_of("head"), phase.rate_of("conv_1")) == (5e-3, 1e-4)
    assert plan("two_phase")[1].rate_of("head") == 1e-4
    assert plan("from_scratch")[0].rate_of("head") == 1e-4
    (phase,) = plan("full", rates={"head": 1e-2})
    assert phase.rate_of("head") == 1e-2
    assert plan("two_phase", frozen=0)[0].rate_of("head") == 5e-3
    assert plan("lora", frozen=0)[0].rate_of("head") == 5e-3
    first, second, *_ = plan("gradual", frozen=0)
    assert (first.name, first.rate_of("head"), first.rate_of("conv_1")) == ("finetune", 5e-3, 1e-4)
    assert second.rate_of("head") < 1e-4
    assert plan("from_scratch", frozen=0)[0].rate_of("head") == 1e-4


def test_a_plateau_takes_three_epochs_to_be_one(caplog):
    phases = plan("gradual", unfreeze_every="plateau", epochs=13)[1:]
    assert phases[-1].first_learning == ROW.blocks["expanded_conv_7"]
    assert not caplog.records
    phases = plan("gradual", unfreeze_every="plateau", epochs=12)[1:]
    assert len(phases) == 4
    assert "12 epochs are too few to unlock all" in caplog.text


def test_no_epochs_are_spent_on_a_block_without_weights():
    config = TrainConfig(
        backbone="vgg16",
        strategy="gradual",
        frozen=FrozenConfig(epochs=1),
        finetune=FinetuneConfig(epochs=9, learning_rate=1e-4, locked_layers=0),
    )
    phases = plan_phases(config, BACKBONES["vgg16"])[1:]
    assert [phase.first_learning for phase in phases] == [15, 11, 7, 4, 1]


def test_layer_decay_falls_block_by_block_below_the_last_one():
    phase = plan("two_phase", layer_decay=0.5, rates={"expanded_conv_8": 3e-3})[1]
    rates = [phase.rate_of(name) for name in ("head", "conv_1", "expanded_conv_10", "stem")]
    assert rates == pytest.approx([1e-4, 1e-4, 5e-5, 1e-4 * 0.5**12])
    assert phase.rate_of("expanded_conv_8") == 3e-3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"finetune": FinetuneConfig(rates={"expanded_conv_77": 1e-3})}, "expanded_conv_7"),
        ({"finetune": FinetuneConfig(last_blocks="conv_9")}, "finetune.last_blocks"),
        ({"finetune": FinetuneConfig(last_blocks=14)}, "at most 13"),
        ({"strategy": "from_scrach"}, "from_scratch"),
        ({"strategy": "aut"}, "auto"),
        ({"frozen": FrozenConfig(epochs=0, learning_rate="auto")}, "range test"),
        (
            {"strategy": "from_scratch", "finetune": FinetuneConfig(batch_norm="frozen")},
            "finetune.batch_norm",
        ),
        (
            {"strategy": "from_scratch", "regularize": RegularizeConfig(name="l2_sp")},
            "regularize.name",
        ),
        ({"strategy": "full", "frozen": FrozenConfig(learning_rate="auto")}, "range test"),
        ({"strategy": "lora"}, "needs Dense or EinsumDense .* mobilenetv3small, which has none"),
        (
            {
                "backbone": "convnexttiny",
                "strategy": "lora",
                "finetune": FinetuneConfig(lora_targets="attention"),
            },
            "needs MultiHeadAttention .* convnexttiny",
        ),
        ({"strategy": "lora", "finetune": FinetuneConfig(batch_norm="scale")}, "batch_norm"),
        ({"strategy": "lora", "regularize": RegularizeConfig(name="l2_sp")}, "regularize.name"),
    ],
)
def test_what_a_strategy_cannot_have_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        check_names(TrainConfig(**{"backbone": "mobilenetv3small"} | settings))


def test_a_rate_of_a_block_that_is_locked_throughout_is_refused():
    with pytest.raises(ConfigError, match="expanded_conv_3, which is locked throughout"):
        plan("two_phase", rates={"expanded_conv_3": 1e-3})
    assert plan("full", rates={"expanded_conv_3": 1e-3})


def test_a_phase_must_last_until_its_first_update():
    phases = plan("gradual")
    check_steps(phases, steps=10, accumulate=10)
    with pytest.raises(ConfigError, match=r"at most the 10 batches of phase finetune_4.*: 11"):
        check_steps(phases, steps=10, accumulate=11)


@pytest.mark.parametrize(
    ("images", "domain", "strategy"),
    [
        (500, "unknown", "two_phase"),
        (999, "similar", "feature_extraction"),
        (999, "different", "partial"),
        (1000, "different", "two_phase"),
        (10_000, "similar", "two_phase"),
        (10_001, "similar", "full"),
    ],
)
def test_auto_chooses_by_images_per_class_and_domain(images, domain, strategy, make_data, tmp_path):
    from keras_transfer.training.plan.auto_settings import resolve_strategy

    data = make_data(size=1, train=2 * images)
    config = TrainConfig(strategy="auto", domain=domain, finetune=FinetuneConfig(last_blocks=5))
    found, reason = resolve_strategy(config, data, Run(tmp_path))
    assert found.strategy == strategy
    assert reason
    assert found.finetune.last_blocks == (2 if strategy == "partial" else 5)


def test_settings_without_effect_are_named(caplog):
    from keras_transfer.training.plan.auto_settings import warn_of_ignored

    pull = RegularizeConfig(name="l2_sp", source="photos")
    config = TrainConfig(
        domain="similar", regularize=pull, finetune=FinetuneConfig(layer_decay=0.8)
    )
    warn_of_ignored(dataclasses.replace(config, strategy="feature_extraction"), "")
    for name in ("domain", "regularize.source", "regularize.name", "finetune.layer_decay"):
        assert f" {name}" in caplog.text
    caplog.clear()
    pull = dataclasses.replace(pull, name="ewc")
    warn_of_ignored(dataclasses.replace(config, strategy="full", regularize=pull), "few images")
    assert not caplog.records


@pytest.mark.parametrize(
    ("strategy", "epochs", "warned"),
    [
        ("full", 3, True),
        ("two_phase", 0, True),
        ("two_phase", 3, False),
        ("gradual", "auto", False),
    ],
)
def test_a_start_of_the_head_needs_a_phase_of_its_own(strategy, epochs, warned, caplog):
    from keras_transfer.training.plan.auto_settings import warn_of_ignored

    frozen, head = FrozenConfig(epochs=epochs), HeadConfig(start="lda")
    warn_of_ignored(TrainConfig(strategy=strategy, frozen=frozen, head=head), "")
    assert ("head.start lda, as no phase trains the head alone" in caplog.text) is warned


def test_what_auto_chose_must_fit_the_settings(make_data, tmp_path):
    from keras_transfer.training.plan.auto_settings import resolve_strategy

    frozen = FrozenConfig(learning_rate="auto")
    config = TrainConfig(strategy="auto", domain="different", frozen=frozen)
    with pytest.raises(ConfigError, match=r"range test.*strategy partial"):
        resolve_strategy(config, make_data(size=1, train=8), Run(tmp_path))
