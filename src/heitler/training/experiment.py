"""The configuration of a training: one YAML file.

    data: {file: showers.h5, test: 2000, validation: 300}
    conditioning: [{class_path: heitler.preprocessing.LogEnergy}]
    preprocessing: [{class_path: heitler.preprocessing.Response}]
    model: {class_path: heitler.models.VAE}
    training:
      batch_size: 64
      stages: {autoencoder: {epochs: 20}, prior: {epochs: 50}}
    seed: 1

The signatures of these classes are its schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from heitler.models import GenerativeModel
from heitler.simulators import Blueprint
from heitler.training.criteria import Criterion
from heitler.training.growth import EnergyGrowth

__all__ = ["DataSettings", "Experiment", "Schedule", "StageSettings", "TrainerSettings"]


@dataclass(frozen=True)
class DataSettings:
    """Which showers, or rows of a table, to train on, and which to keep apart.

    Test and validation showers are spread evenly over the file, so a file that is sorted by
    energy is split fairly.

    Arguments:
        file: Shower file of any convention, or the name of a packaged sample, or a table that
            states what caused its rows.
        test: Number of showers that training never sees; they go to ``held_out.h5``.
        validation: Number of showers that choose between weights.
        detector: Name of the detector, where the file does not say it.
        columns: Which columns of a table the model makes; by default all but the causes and
            what is known.
        known: Which columns of a table are known of its tracks, for the condition `Measured`.
    """

    file: str
    test: int = 1500
    validation: int = 300
    detector: str | None = None
    columns: list[str] | None = None
    known: list[str] | None = None

    def __post_init__(self) -> None:
        if min(self.test, self.validation) < 1:
            msg = f"test and validation need showers, got {self.test} and {self.validation}"
            raise ValueError(msg)


@dataclass(frozen=True)
class StageSettings:
    """How long and how fast a stage learns.

    The learning rate rises over the first tenth of the stage and falls as a cosine to a
    hundredth of its maximum; time counts as well as the steps, so a stage that runs into its time
    limit ends at a low rate too.

    Arguments:
        epochs: Number of passes over the training showers.
        learning_rate: Largest learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        betas: Decay rates of AdamW's moments.
        clip: Largest norm of a phase's gradient.
        max_seconds: Time limit of the stage, looked at between epochs; none by default. Time
            counts in which the process computes, by the CPU's clock, but never more than passes:
            a busy machine trains as many epochs, several threads share their seconds.
    """

    epochs: int
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 50.0
    max_seconds: float = float("inf")

    def __post_init__(self) -> None:
        _at_least("epochs", self.epochs, 1)
        _at_least("weight_decay", self.weight_decay, 0)
        for name in ("learning_rate", "clip", "max_seconds"):
            _positive(name, getattr(self, name))
        if not all(0 <= beta < 1 for beta in self.betas):
            msg = f"betas must lie in [0, 1), got {self.betas}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Schedule:
    """How a model is trained.

    Arguments:
        stages: Settings of each stage of the model that has phases.
        batch_size: Showers per update, over all processes.
        physics_every: Epochs between two looks at the physics of generated showers.
        checkpoint_seconds: Least time between two checkpoints.
        physics: What compares generated with validation showers, such as
            `heitler.training.EnergyChi2`; by default distances in some observables or columns.
        growth: Where the training begins at one energy, and when it has grown to all of them.
    """

    stages: dict[str, StageSettings]
    batch_size: int = 64
    physics_every: int = 5
    checkpoint_seconds: float = 20.0
    physics: Criterion | None = None  # type: ignore[type-arg]  # jsonargparse reads no parameters
    growth: EnergyGrowth | None = None

    def __post_init__(self) -> None:
        _at_least("batch_size", self.batch_size, 1)
        _at_least("physics_every", self.physics_every, 1)
        _at_least("checkpoint_seconds", self.checkpoint_seconds, 0)


@dataclass(frozen=True)
class TrainerSettings:
    """What Lightning's Trainer is told.

    Arguments:
        accelerator: "cpu", "gpu", or "auto": a GPU if there is one and the family runs on it.
        devices: Number of processes or GPUs.
        threads: Threads of each process, 0 for torch's own choice.
    """

    accelerator: Literal["cpu", "gpu", "auto"] = "cpu"
    devices: int = 1
    threads: int = 0

    def __post_init__(self) -> None:
        _at_least("devices", self.devices, 1)
        _at_least("threads", self.threads, 0)


@dataclass(frozen=True)
class Experiment(Blueprint):
    """A training from data to model.

    Arguments:
        model: The family with its settings; the shape of the showers comes later.
        preprocessing: Transforms between deposits and the model.
        conditioning: What the model is told of the incident particle.
        data: The showers.
        training: How the model is trained.
        trainer: On what it is trained.
        seed: Seed of initial weights, order of showers and noise.
    """

    data: DataSettings
    training: Schedule
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    seed: int = 1

    def __post_init__(self) -> None:
        _at_least("seed", self.seed, 0)
        if not self.conditioning:
            msg = "conditioning needs a condition, such as heitler.preprocessing.LogEnergy"
            raise ValueError(msg)
        if self.training.batch_size % self.trainer.devices:
            msg = (
                f"a batch of {self.training.batch_size} showers cannot be shared by "
                f"{self.trainer.devices} processes (training.batch_size, trainer.devices)"
            )
            raise ValueError(msg)

    def settings_of(self, model: GenerativeModel) -> dict[str, StageSettings]:
        """Settings of the stages of a model that have phases, in order.

        Raises:
            ValueError: The configuration has a stage too many or too few.
        """
        names = [stage.name for stage in model.stages if stage.phases]
        if sorted(names) != sorted(self.training.stages):
            msg = (
                f"training.stages of {type(model).__name__} are {', '.join(names)}; the "
                f"configuration has {', '.join(self.training.stages) or 'none'}"
            )
            raise ValueError(msg)
        return {name: self.training.stages[name] for name in names}

    def accelerator_for(self, model: GenerativeModel) -> str:
        """What Lightning is told: "cpu", "gpu" or "auto".

        Raises:
            ValueError: The configuration asks for a GPU, and the family does not run on one.
        """
        wanted = self.trainer.accelerator
        if model.gpu:
            return wanted
        if wanted == "gpu":
            msg = (
                f"trainer.accelerator gpu: {type(model).__name__} runs on the CPU only; "
                "choose cpu or auto"
            )
            raise ValueError(msg)
        return "cpu"


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        msg = f"{name} must be at least {least}, got {value}"
        raise ValueError(msg)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        msg = f"{name} must be positive, got {value}"
        raise ValueError(msg)
