"""What one training is made of: one record that travels from the plan to the last phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.cuts import Cut
from keras_transfer.run.run_directory import Run
from keras_transfer.training.adaptation.domain_part import DomainTask
from keras_transfer.training.adaptation.target_images import TargetImages
from keras_transfer.training.cache.memory_store import Layout, Place
from keras_transfer.training.class_weights import balance_classes, name_weights
from keras_transfer.training.given.given_parts import GivenParts
from keras_transfer.training.plan.phase import Phase


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """What is kept instead of computed in every epoch, and where.

    `cuts` maps the phases whose locked part is the same in every epoch to their cut (see
    `find_cut`). Their epochs take `views` views of each example in turn, wherever they come from.
    """

    cuts: Mapping[str, Cut] = field(default_factory=dict)
    views: int | None = None  # None: every epoch has new ones
    layout: Layout = field(default_factory=dict)  # of the activations; empty: none are kept
    place: Place = "memory"  # of the activations
    decoded: Mapping[str, Place] = field(default_factory=dict)  # splits kept decoded -> where

    def kept_cuts(self) -> list[Cut]:
        """Return the cuts at which activations are kept, in order."""
        return [cut for cut in sorted({*self.cuts.values()}) if self.keeps(cut)]

    def keeps(self, cut: Cut) -> bool:
        """Return whether activations are kept at a cut."""
        return f"train_{cut.name}" in self.layout


@dataclass(frozen=True, kw_only=True)
class Training:
    """Model, phases, data, settings, run, and what is kept."""

    model: keras.Model
    """What `build_model` returned."""
    phases: Sequence[Phase]
    """What it goes through, each of 1 epoch or more."""
    data: TrainingData
    """All splits."""
    config: TrainConfig
    """Resolved settings."""
    run: Run
    """Where tables, logs and checkpoints go."""
    cache: CachePlan = field(default_factory=CachePlan)
    """What is kept instead of computed in every epoch."""
    watchers: Sequence[keras.callbacks.Callback] = ()
    """Are told of each epoch once it is kept; they change nothing."""
    given: GivenParts = field(default_factory=GivenParts)
    """Parts that Python code gave."""
    target: TargetImages | None = None
    """The images of another domain, if the settings name one."""
    domains: DomainTask | None = None
    """What is learned of both domains besides the classes, if anything is."""
    engine: Engine = THIS_PROCESS
    """Where what is kept is computed."""

    @property
    def row(self) -> Backbone:
        """The row of the backbone."""
        return find_backbone(self.config.backbone)

    @property
    def backbone(self) -> keras.Model:
        """The backbone in the model."""
        return self.model.get_layer("backbone")

    @property
    def depth(self) -> int:
        """Layers of the backbone."""
        return len(self.backbone.layers)

    @property
    def paired(self) -> list[str]:
        """Names of the phases in which images of the target go beside those of the source."""
        task = self.domains
        return [phase.name for phase in self.phases if task and task.serves(phase)]

    @property
    def class_weights(self) -> np.ndarray | None:
        """(classes,) what an example of each class counts in training; None: every one 1."""
        given = self.config.data.class_weight
        if given == "none":
            return None
        if not isinstance(given, str):
            return name_weights(given, self.data.class_names)
        return balance_classes(self.data.splits["train"].labels, len(self.data.class_names))
