"""From a configuration to a run directory with a trained model.

A run directory holds

    config.yaml          the configuration with all defaults filled in
    held_out.h5          the showers, or rows of a table, that training never saw
    particles.csv        incident particles of training showers, for the assessment
    particles.h5         the same of a training on a table
    metrics.csv          losses and physics by epoch
    checkpoint.ckpt      the state of an unfinished training, from which it goes on
    model.safetensors    the weights
    card.json            what it was trained on; written last: a run with a card is complete
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L  # noqa: N812 (Lightning's own convention)
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader

from heitler.data import resolve
from heitler.detectors import load_detector
from heitler.formats import atomic_file, is_table, open_showers, open_table, sha256
from heitler.models import draw
from heitler.simulators import (
    HELD_OUT,
    ModelCard,
    TrainedSimulator,
    block_seed,
    machine,
    read_configuration,
)
from heitler.simulators.trained import CARD, CONFIGURATION
from heitler.training.callbacks import Checkpoints, ProgressBar, Records
from heitler.training.data import C, R, Sample, Split, TrainingData
from heitler.training.experiment import DataSettings, Experiment
from heitler.training.module import TrainingModule, plan
from heitler.training.showers import ShowerData
from heitler.training.stream import Batch, TrainingStream
from heitler.training.tables import TableData

__all__ = ["CHECKPOINT", "RECORDS", "is_first_process", "open_data", "train"]

RECORDS = "metrics.csv"
CHECKPOINT = "checkpoint.ckpt"

_SAMPLE_CELLS = 125_000_000
"""Cells of the sample that fits preprocessing and prepares stages: 500 MB."""

_LISTED = 5000
"""Most incident particles that a run keeps for its assessment."""

_PREPARE, _VALIDATE, _PHYSICS = 4, 5, 6
"""Purposes of seeds, see `block_seed`."""


def train(
    settings: Mapping[str, Any],
    output: Path | str,
    *,
    overrides: list[str] | None = None,
    source: str = "configuration",
    progress: bool = True,
) -> Path:
    """Trains a model; an interrupted training of the same configuration goes on.

    A finished one whose card waits for its fidelity is left as it is.

    Arguments:
        settings: Keys and values of `Experiment`.
        output: The run directory.
        overrides: Words such as ``--training.batch_size 32`` that replace settings.
        source: What to call the settings in messages.
        progress: Whether to show a progress bar on standard error.

    Returns:
        The run directory.

    Raises:
        ValueError: The settings make no sense, the data do not fit them, or the directory holds
            another training.
        OSError: The directory cannot be written.
    """
    experiment, configuration = read_configuration(
        Experiment, settings, overrides=overrides, source=source
    )
    output = Path(output)
    if _is_complete(output, configuration):
        return output
    with open_data(experiment.data) as data:
        split = _split(data, experiment.data)
        sample = data.load(_sample_rows(data, split))
        simulator = _build(experiment, data, split, sample)
        plans = plan(simulator.model, experiment.settings_of(simulator.model))
        seed, rules = experiment.seed, experiment.training
        stream = TrainingStream(
            data,
            split.train,
            simulator.conditioning,
            simulator.preprocessing,
            simulator.model.training_noise,
            batch_size=rules.batch_size,
            seed=seed,
            growth=rules.growth,
        )
        validation = data.load(split.validation)
        module = TrainingModule(
            simulator.model,
            plans,
            len(stream),
            sample=lambda index: _look(stream, sample, seed, index, _PREPARE),
            validation=_look(stream, validation, seed, 0, _VALIDATE),
            physics=data.monitor(
                simulator, validation, rules.physics, seed=block_seed(seed, 0, _PHYSICS)
            ),
            physics_every=rules.physics_every,
            select_from=rules.growth.epochs if rules.growth else 0,
        )
        accelerator = experiment.accelerator_for(simulator.model)
        trainer = _trainer(stream, experiment, accelerator, output, progress=progress)
        _claim(output, configuration)
        checksum = sha256(data.path)
        _hold_out(output, data, split, checksum)
        _fit(trainer, module, stream, output / CHECKPOINT)
        if is_first_process():
            facts = {
                "name": output.name,
                "training": module.facts,
                "sha256": checksum,
                "device": trainer.strategy.root_device,
            }
            simulator.card = _card(experiment, data, split, simulator, facts)
            simulator.save(output, configuration)
            (output / CHECKPOINT).unlink(missing_ok=True)
    return output


def is_first_process() -> bool:
    """Whether this is the first of the processes that share a training: the one that writes."""
    names = ("RANK", "LOCAL_RANK", "SLURM_PROCID")
    return next((os.environ[name] for name in names if name in os.environ), "0") == "0"


@contextmanager
def open_data(settings: DataSettings) -> Iterator[TrainingData[Any, Any]]:
    """The file to train on: showers, or a table.

    Raises:
        ValueError: There is no such file, or the settings do not fit it.
    """
    path = resolve(settings.file)
    if is_table(path):
        if settings.detector is not None:
            msg = f"{path} holds a table: data.detector says nothing to it, leave it out"
            raise ValueError(msg)
        with open_table(path) as table:
            yield TableData(table, settings.columns, settings.known or ())
        return
    for name in ("columns", "known"):
        if getattr(settings, name) is not None:
            msg = f"{path} holds showers: data.{name} says nothing to them, leave it out"
            raise ValueError(msg)
    detector = load_detector(settings.detector) if settings.detector else None
    with open_showers(path, detector=detector) as reader:
        yield ShowerData(reader)


def _split(data: TrainingData[Any, Any], settings: DataSettings) -> Split:
    return Split.of(len(data), test=settings.test, validation=settings.validation, what=data.rows)


def _build(
    experiment: Experiment, data: TrainingData[C, R], split: Split, sample: Sample[C]
) -> TrainedSimulator[C, R]:
    """A simulator with fitted conditioning and preprocessing and fresh weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        simulator = data.simulator(experiment, split.train)
    simulator.conditioning.fit(data.particles[split.train])
    cells = sample.dense(torch.arange(len(sample)))
    simulator.preprocessing.fit(cells, sample.particles.energy.float())
    return simulator


def _sample_rows(data: TrainingData[Any, Any], split: Split) -> torch.Tensor:
    """Training rows that fit the preprocessing: spread over the file, bounded in memory."""
    count = min(split.train.numel(), max(1, _SAMPLE_CELLS // data.cells))
    places = torch.arange(count, dtype=torch.float64) * split.train.numel() / count
    return split.train[places.long()]


def _is_complete(output: Path, configuration: str) -> bool:
    """Whether the directory holds this training, finished, with a card that waits for fidelity."""
    card, path = output / CARD, output / CONFIGURATION
    if not (card.exists() and path.exists() and path.read_text() == configuration):
        return False
    return not ModelCard.read(card).fidelity


def _claim(output: Path, configuration: str) -> None:
    """Makes the directory ours, or finds that it is.

    Raises:
        ValueError: It holds a finished training, or that of another configuration.
        OSError: It cannot be written.
    """
    if not is_first_process():
        return
    if (output / CARD).exists():
        msg = f"{output} holds a finished training; choose another directory or delete it"
        raise ValueError(msg)
    path = output / CONFIGURATION
    if path.exists():
        if path.read_text() != configuration:
            msg = (
                f"{output} holds an unfinished training with another configuration; choose "
                "another directory or delete it"
            )
            raise ValueError(msg)
        return
    if output.is_dir() and any(output.iterdir()):
        msg = f"{output} is not empty and holds no training; choose another directory"
        raise ValueError(msg)
    with atomic_file(path) as partial:
        partial.write_text(configuration)


def _hold_out(output: Path, data: TrainingData[Any, Any], split: Split, checksum: str) -> None:
    """Writes the rows that training will not see, and particles of those that it will.

    Raises:
        ValueError: The directory keeps rows apart that are those of another file.
    """
    if not is_first_process():
        return
    path = output / HELD_OUT
    if path.exists():
        if data.origin_of(path).get("held_out_from_sha256") != checksum:
            msg = (
                f"{data.path} has changed since the training in {output} began; choose "
                "another directory or delete it"
            )
            raise ValueError(msg)
        return
    count = min(_LISTED, split.train.numel())
    rows = split.train[torch.linspace(0, split.train.numel() - 1, count).long()]
    data.list_particles(output, rows)
    origin = {"held_out_from": data.path.name, "held_out_from_sha256": checksum}
    data.hold_out(path, split.test, origin)


def _look(
    stream: TrainingStream[C], sample: Sample[C], seed: int, index: int, purpose: int
) -> Batch:
    """All of some rows as the model sees them, with noise of their own."""
    z = draw(stream.noise, len(sample), (seed, purpose, index))
    return stream.features(sample, torch.arange(len(sample)), z)


def _trainer(
    stream: TrainingStream[Any],
    experiment: Experiment,
    accelerator: str,
    output: Path,
    *,
    progress: bool,
) -> L.Trainer:
    """Lightning's trainer with what watches it.

    Raises:
        ValueError: The machine has no such accelerator.
    """
    settings, epochs = experiment.trainer, experiment.training.stages.values()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    watchers: list[L.Callback] = [
        _Epochs(stream),
        Records(output / RECORDS),
        Checkpoints(output / CHECKPOINT, experiment.training.checkpoint_seconds),
    ]
    try:
        with _quiet():
            return L.Trainer(
                accelerator=accelerator,
                devices=settings.devices,
                strategy="ddp_find_unused_parameters_true" if settings.devices > 1 else "auto",
                max_epochs=sum(stage.epochs for stage in epochs),
                callbacks=[*watchers, ProgressBar()] if progress else watchers,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                use_distributed_sampler=False,
            )
    except MisconfigurationException as error:
        reason = " ".join(str(error).split())
        msg = (
            f"trainer.accelerator {settings.accelerator} with trainer.devices {settings.devices}: "
            f"{reason.rstrip('.!')}; choose cpu, or fewer devices"
        )
        raise ValueError(msg) from error


def _fit(
    trainer: L.Trainer, module: TrainingModule, stream: TrainingStream[Any], checkpoint: Path
) -> None:
    """Trains from the last checkpoint to the end."""
    with _quiet():
        trainer.fit(
            module,
            DataLoader(stream, batch_size=None),
            ckpt_path=checkpoint if checkpoint.exists() else None,
        )
    module.to("cpu")
    module.finish()


class _Epochs(L.Callback):
    """Tells the stream its share of the batches and the number of the epoch; ends epochs."""

    def __init__(self, stream: TrainingStream[Any]) -> None:
        self.stream = stream

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Shares the batches between the processes."""
        self.stream.share(trainer.global_rank, trainer.world_size)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Sets the number of the epoch."""
        self.stream.epoch = trainer.current_epoch

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Finishes the epoch before the callbacks that record and save it."""
        if isinstance(pl_module, TrainingModule):
            pl_module.finish_epoch()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences Lightning's advice: it does not know that the data are in memory."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _card(
    experiment: Experiment,
    data: TrainingData[Any, Any],
    split: Split,
    simulator: TrainedSimulator[Any, Any],
    facts: Mapping[str, Any],
) -> ModelCard[Any]:
    """The card of a finished training; `facts`: name, times, device, SHA-256."""
    device = facts["device"]
    parameters = sum(p.numel() for p in simulator.model.parameters())
    return replace(
        simulator.card,
        name=facts["name"],
        data={
            "file": data.path.name,
            "sha256": facts["sha256"],
            "train": split.train.numel(),
            "validation": split.validation.numel(),
            "test": split.test.numel(),
            "provenance": data.provenance,
        },
        training={
            "seed": experiment.seed,
            **facts["training"],
            "devices": experiment.trainer.devices,
            "accelerator": "cpu" if device.type == "cpu" else "gpu",
            "parameters": parameters,
            **machine(device),
        },
    )
