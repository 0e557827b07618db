"""The one Lightning module that trains every family.

The stages of a model follow each other in the epochs of one fit. At each step one phase of the
stage has its turn: its optimizer updates its submodules, everything else is frozen. Optimization
is manual, one phase per step, so that alternating phases (a critic and a generator) also work when
processes share the batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, inf, isfinite, pi
from time import monotonic, process_time
from typing import Any

import lightning as L  # noqa: N812 (Lightning's own convention)
import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from heitler.models import GenerativeModel, Phase, Stage
from heitler.training.experiment import StageSettings
from heitler.training.stream import Batch

__all__ = ["StagePlan", "TrainingModule", "learning_rate_factor", "plan"]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage with its settings and its epochs, `start` to `stop` (exclusive)."""

    stage: Stage
    settings: StageSettings | None
    start: int
    stop: int


def plan(model: GenerativeModel, settings: Mapping[str, StageSettings]) -> list[StagePlan]:
    """The stages of a model in the epochs of one fit."""
    plans, start = [], 0
    for stage in model.stages:
        chosen = settings[stage.name] if stage.phases else None
        stop = start + (chosen.epochs if chosen else 0)
        plans.append(StagePlan(stage, chosen, start, stop))
        start = stop
    return plans


def learning_rate_factor(progress: float) -> float:
    """Rises linearly over the first tenth, then falls as a cosine to 0.01.

    Arguments:
        progress: Share of the stage that is over, 0 to 1.
    """
    if progress < 0.1:
        return 0.05 + 0.95 * progress / 0.1
    return 0.01 + 0.99 * 0.5 * (1.0 + cos(pi * min(1.0, (progress - 0.1) / 0.9)))


class TrainingModule(L.LightningModule):
    """Trains a generative model through its stages.

    Arguments:
        model: The model.
        plans: Its stages in the epochs of the fit.
        steps_per_epoch: Number of batches.
        sample: Training showers for `GenerativeModel.prepare`, drawn anew for each stage.
        validation: Validation showers.
        physics: Distance of generated from validation showers by name, see `PhysicsMonitor`.
        physics_every: Epochs between two calls of `physics`.
        select_from: First epoch whose weights may be chosen: before it, training has not seen all
            energies.

    Attributes:
        seconds: Time spent in epochs and before stages so far, over all interruptions.
        cpu_seconds: CPU time of this process in epochs, likewise.
        selected: Epoch and score of the weights that stages ended with, by stage, where the
            validation showers chose them.
    """

    def __init__(
        self,
        model: GenerativeModel,
        plans: list[StagePlan],
        steps_per_epoch: int,
        *,
        sample: Callable[[int], Batch],
        validation: Batch,
        physics: Callable[[], dict[str, float]],
        physics_every: int,
        select_from: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model = model
        self.plans, self.steps_per_epoch = plans, steps_per_epoch
        self.records: dict[str, float] = {}
        self._sample, self._validation = sample, validation
        self._physics, self._physics_every = physics, physics_every
        self._select_from = select_from
        self._sums: dict[str, list[Tensor]] = defaultdict(list)
        self._best: dict[str, Tensor] | None = None
        self._best_score, self._best_epoch = inf, 0
        self.selected: dict[str, dict[str, float]] = {}
        self.seconds, self._seconds, self._clock = 0.0, 0.0, monotonic()
        self.cpu_seconds, self._cpu_clock = 0.0, process_time()

    @property
    def plan(self) -> StagePlan:
        """The stage of the current epoch."""
        inside = [p for p in self.plans if p.start <= self.current_epoch < p.stop]
        return inside[0]

    @property
    def facts(self) -> dict[str, Any]:
        """What a card says of the training: times, and which weights were selected."""
        times = {"seconds": round(self.seconds, 1), "cpu_seconds": round(self.cpu_seconds, 1)}
        return {**times, "selected": self.selected}

    @property
    def settings(self) -> StageSettings:
        """Settings of the stage of the current epoch."""
        settings = self.plan.settings
        if settings is None:
            msg = f"stage {self.plan.stage.name} has no epochs"
            raise RuntimeError(msg)
        return settings

    def configure_optimizers(self) -> list[Optimizer]:
        """One AdamW for each phase of each stage."""
        return [
            AdamW(
                self.model.parameters_of(phase),
                lr=settings.learning_rate,
                betas=settings.betas,
                weight_decay=settings.weight_decay,
            )
            for _, phase, settings in self._phases()
        ]

    def on_train_epoch_start(self) -> None:
        """Prepares the stages that start now, and shares the clock of the first process."""
        self._begin(self.current_epoch)
        self._seconds = self.trainer.strategy.broadcast(self._seconds)
        self._clock, self._cpu_clock = monotonic(), process_time()
        self._sums.clear()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> int | None:  # noqa: ARG002
        """Skips what is left of a stage that has used up its time."""
        return -1 if self._seconds >= self.settings.max_seconds else None

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the phase whose turn it is."""
        x, c, z = batch
        step = (self.current_epoch - self.plan.start) * self.steps_per_epoch + batch_idx
        phase = _turn(self.plan.stage, step)
        optimizer = self._optimizer(phase)
        for group in optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * learning_rate_factor(self._progress(step))
        self.toggle_optimizer(optimizer)
        loss, parts = self.model.loss(x, c, z, phase=phase.name)
        optimizer.zero_grad()
        self.manual_backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters_of(phase), self.settings.clip)
        optimizer.step()
        self.untoggle_optimizer(optimizer)
        for name, value in {phase.name: loss, **parts}.items():
            self._sums[f"train/{name}"].append(value.detach())

    def finish_epoch(self) -> None:
        """Looks at the validation showers, keeps the best weights, ends stages.

        Not a hook of its own: Lightning calls the hooks of callbacks before those of the module,
        and records and checkpoints must hold what is done here.

        Raises:
            ValueError: A loss is not a number any more.
        """
        passed, computed = monotonic() - self._clock, process_time() - self._cpu_clock
        self.seconds, self.cpu_seconds = self.seconds + passed, self.cpu_seconds + computed
        # Others on the machine shall not shorten a stage, nor threads of its own.
        self._seconds += min(passed, computed)
        self.records = {name: float(torch.stack(v).mean()) for name, v in self._sums.items()}
        if wrong := [name for name, value in self.records.items() if not isfinite(value)]:
            stage = self.plan.stage.name
            msg = (
                f"{wrong[0]} is not finite in epoch {self.current_epoch}; lower "
                f"training.stages.{stage}.learning_rate or .clip and train in a new directory"
            )
            raise ValueError(msg)
        last = self.current_epoch + 1 == self.plan.stop
        if self._sums:
            self._evaluate(last)
        self.records["seconds"] = self._seconds
        if last:
            self._end()

    def finish(self) -> None:
        """Prepares the stages behind the last trained one."""
        self._begin(self.plans[-1].stop)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the best weights so far and the clock."""
        checkpoint["stage"] = {
            "best": self._best,
            "score": self._best_score,
            "epoch": self._best_epoch,
            "selected": self.selected,
            "seconds": self._seconds,
            "total": self.seconds,
            "cpu": self.cpu_seconds,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes back the best weights so far and the clock."""
        state = checkpoint["stage"]
        self._best, self._best_score = state["best"], state["score"]
        self._best_epoch, self.selected = state["epoch"], state["selected"]
        self._seconds, self.seconds = state["seconds"], state["total"]
        self.cpu_seconds = state["cpu"]

    def _phases(self) -> list[tuple[Stage, Phase, StageSettings]]:
        return [
            (planned.stage, phase, planned.settings)
            for planned in self.plans
            if planned.settings is not None
            for phase in planned.stage.phases
        ]

    def _optimizer(self, phase: Phase) -> Any:  # noqa: ANN401 (a LightningOptimizer)
        optimizers = self.optimizers()
        listed = optimizers if isinstance(optimizers, list) else [optimizers]
        names = [name.name for _, name, _ in self._phases()]
        return listed[names.index(phase.name)]

    def _progress(self, step: int) -> float:
        steps = (self.plan.stop - self.plan.start) * self.steps_per_epoch
        return max(step / steps, self._seconds / self.settings.max_seconds)

    @torch.no_grad()
    def _begin(self, epoch: int) -> None:
        """Prepares the stages that start at an epoch."""
        for index, planned in enumerate(self.plans):
            if planned.start == epoch:
                self._best, self._best_score, self._seconds = None, inf, 0.0
                x, c, z = self._sample(index)
                sample = (x.to(self.device), c.to(self.device), _to(z, self.device))
                start = monotonic()
                self.model.prepare(planned.stage.name, *sample)
                self.seconds += monotonic() - start

    def _evaluate(self, last: bool) -> None:
        stage = self.plan.stage
        validation = self._validation_loss(stage.phases[0].name)
        self.records["validation/loss"] = validation
        due = last or (self.current_epoch + 1) % self._physics_every == 0
        physics = self._physics() if due else {}
        self.records |= {f"physics/{name}": value for name, value in physics.items()}
        score = {"loss": validation, "physics": physics.get("mean", inf), "last": -inf}
        chosen = score[stage.select] <= self._best_score
        if chosen and (last or self.current_epoch >= self._select_from):
            self._best_score, self._best_epoch = score[stage.select], self.current_epoch
            self._best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def _end(self) -> None:
        if self._best is not None:
            self.model.load_state_dict(self._best)
            if isfinite(self._best_score):  # it is not where the last weights are taken
                chosen = {"epoch": self._best_epoch, "score": self._best_score}
                self.selected[self.plan.stage.name] = chosen
        self._best = None

    def _validation_loss(self, phase: str) -> float:
        x, c, z = self._validation
        total = 0.0
        for part in torch.split(torch.arange(x.shape[0]), 250):
            noise = {name: values[part].to(self.device) for name, values in z.items()}
            with torch.no_grad():
                loss, _ = self.model.loss(
                    x[part].to(self.device), c[part].to(self.device), noise, phase=phase
                )
            total += float(loss) * part.numel()
        return total / x.shape[0]


def _turn(stage: Stage, step: int) -> Phase:
    """The phase that step number `step` of a stage belongs to."""
    place = step % sum(phase.steps for phase in stage.phases)
    for phase in stage.phases:
        if place < phase.steps:
            return phase
        place -= phase.steps
    raise AssertionError


def _to(z: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: values.to(device) for name, values in z.items()}
