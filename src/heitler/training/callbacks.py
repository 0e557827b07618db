"""What watches a training without changing it: progress bar, metrics.csv, checkpoints."""

from __future__ import annotations

import csv
from pathlib import Path
from time import monotonic
from typing import Any

import lightning as L  # noqa: N812 (Lightning's own convention)
from tqdm import tqdm

from heitler.training.module import TrainingModule

__all__ = ["Checkpoints", "ProgressBar", "Records"]


class ProgressBar(L.Callback):
    """One bar for all epochs on standard error, with stage and losses behind it."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Opens the bar."""
        if trainer.is_global_zero:
            self._bar = tqdm(
                total=trainer.max_epochs, initial=trainer.current_epoch, unit=" epochs"
            )

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Shows stage, validation loss and physics."""
        if self._bar is None or not isinstance(pl_module, TrainingModule):
            return
        self._bar.set_description(pl_module.plan.stage.name)
        shown = {
            name.split("/")[0]: f"{value:.4g}"
            for name, value in pl_module.records.items()
            if name in {"validation/loss", "physics/mean"}
        }
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Closes the bar."""
        if self._bar is not None:
            self._bar.close()


class Records(L.Callback):
    """Appends the numbers of each epoch to a CSV file: epoch, stage, metric, value.

    Arguments:
        path: The file. Rows of epochs that will be trained again are taken out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Keeps the rows of earlier epochs."""
        if not trainer.is_global_zero:
            return
        rows: list[list[str]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                kept = [row for row in list(csv.reader(file))[1:] if len(row) == 4]
            rows = [row for row in kept if int(row[0]) < trainer.current_epoch]
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows([["epoch", "stage", "metric", "value"], *rows])

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Appends the numbers of this epoch."""
        if not trainer.is_global_zero or not isinstance(pl_module, TrainingModule):
            return
        stage = pl_module.plan.stage.name
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows(
                [trainer.current_epoch, stage, name, f"{value:.6g}"]
                for name, value in pl_module.records.items()
            )


class Checkpoints(L.Callback):
    """Saves the state of the training, never leaving half a file.

    Arguments:
        path: The file.
        seconds: Least time between two checkpoints.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        self._saved = monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Saves if the last checkpoint is old enough."""
        due = trainer.strategy.broadcast(monotonic() - self._saved >= self.seconds)
        if due:
            partial = self.path.with_name(f".{self.path.name}.part")
            trainer.save_checkpoint(partial)
            if trainer.is_global_zero:
                partial.replace(self.path)
            self._saved = monotonic()
