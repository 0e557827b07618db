"""From a configuration to a run directory with a trained model.

A run directory holds

    config.yaml          the configuration with all defaults filled in
    held_out.h5          the showers that training never saw
    particles.csv        incident particles of training showers, for the assessment
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
from pathlib import Path
from typing import Any

import lightning as L  # noqa: N812 (Lightning's own convention)
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader

from heitler.data import resolve
from heitler.detectors import load_detector
from heitler.formats import (
    ShowerReader,
    atomic_file,
    create_showers,
    open_showers,
    sha256,
    write_particles,
)
from heitler.models import draw
from heitler.showers import Showers
from heitler.simulators import (
    ModelCard,
    NeuralSimulator,
    TrainingRange,
    block_seed,
    machine,
    read_configuration,
)
from heitler.simulators.neural import CARD, CONFIGURATION, HELD_OUT, PARTICLES
from heitler.training.callbacks import Checkpoints, ProgressBar, Records
from heitler.training.experiment import Experiment
from heitler.training.module import TrainingModule, plan
from heitler.training.monitor import PhysicsMonitor
from heitler.training.showers import Batch, ShowerStream, SparseDeposits, Split, read_rows

__all__ = ["CHECKPOINT", "RECORDS", "is_first_process", "train"]

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
    data = experiment.data
    detector = load_detector(data.detector) if data.detector else None
    with open_showers(resolve(data.file), detector=detector) as reader:
        split = Split.of(len(reader), test=data.test, validation=data.validation)
        simulator = _build(experiment, reader, split)
        plans = plan(simulator.model, experiment.settings_of(simulator.model))
        stream = ShowerStream(
            reader,
            split.train,
            simulator.conditioning,
            simulator.preprocessing,
            simulator.model.training_noise,
            batch_size=experiment.training.batch_size,
            seed=experiment.seed,
        )
        validation = SparseDeposits(read_rows(reader, split.validation), stream.cells)
        sample = SparseDeposits(read_rows(reader, _sample_rows(reader, split)), stream.cells)
        module = TrainingModule(
            simulator.model,
            plans,
            len(stream),
            sample=lambda index: _look(stream, sample, experiment.seed, index, _PREPARE),
            validation=_look(stream, validation, experiment.seed, 0, _VALIDATE),
            physics=PhysicsMonitor(
                simulator,
                _dense(validation, reader),
                seed=block_seed(experiment.seed, 0, _PHYSICS),
            ),
            physics_every=experiment.training.physics_every,
        )
        accelerator = experiment.accelerator_for(simulator.model)
        trainer = _trainer(stream, experiment, accelerator, output, progress=progress)
        _claim(output, configuration)
        checksum = sha256(reader.path)
        _hold_out(output, reader, split, checksum)
        _fit(trainer, module, stream, output / CHECKPOINT)
        if is_first_process():
            facts = {
                "name": output.name,
                "seconds": module.seconds,
                "sha256": checksum,
                "device": trainer.strategy.root_device,
            }
            simulator.card = _card(experiment, reader, split, simulator, facts)
            simulator.save(output, configuration)
            (output / CHECKPOINT).unlink(missing_ok=True)
    return output


def is_first_process() -> bool:
    """Whether this is the first of the processes that share a training: the one that writes."""
    names = ("RANK", "LOCAL_RANK", "SLURM_PROCID")
    return next((os.environ[name] for name in names if name in os.environ), "0") == "0"


def _build(experiment: Experiment, reader: ShowerReader, split: Split) -> NeuralSimulator:
    """A simulator with fitted conditioning and preprocessing and fresh weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        conditioning, preprocessing, model = experiment.build(reader.detector.geometry)
    sample = Showers.concatenate(list(read_rows(reader, _sample_rows(reader, split))))
    conditioning.fit(reader.particles[split.train])
    preprocessing.fit(sample.deposits, sample.particles.energy.float())
    card = ModelCard(
        name="unfinished",
        family=type(model).__name__,
        detector=reader.detector.definition,
        training_range=TrainingRange.of(reader.particles[split.train]),
    )
    return NeuralSimulator(
        reader.detector, conditioning, preprocessing, model, card, extrapolate=True
    )


def _sample_rows(reader: ShowerReader, split: Split) -> torch.Tensor:
    """Training rows that fit the preprocessing: spread over the file, bounded in memory."""
    count = min(split.train.numel(), max(1, _SAMPLE_CELLS // reader.detector.geometry.cells))
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


def _hold_out(output: Path, reader: ShowerReader, split: Split, checksum: str) -> None:
    """Writes the showers that training will not see, and particles of those that it will.

    Raises:
        ValueError: The directory keeps showers apart that are those of another file.
    """
    if not is_first_process():
        return
    path = output / HELD_OUT
    if path.exists():
        with open_showers(path) as kept:
            if kept.provenance.get("held_out_from_sha256") != checksum:
                msg = (
                    f"{reader.path} has changed since the training in {output} began; choose "
                    "another directory or delete it"
                )
                raise ValueError(msg)
        return
    count = min(_LISTED, split.train.numel())
    rows = split.train[torch.linspace(0, split.train.numel() - 1, count).long()]
    with atomic_file(output / PARTICLES) as partial:
        write_particles(partial, reader.particles[rows])
    origin = {"held_out_from": reader.path.name, "held_out_from_sha256": checksum}
    provenance = {**reader.provenance, **origin}
    with create_showers(path, reader.detector, provenance=provenance) as writer:
        for showers in read_rows(reader, split.test):
            writer.write(showers)


def _look(
    stream: ShowerStream, showers: SparseDeposits, seed: int, index: int, purpose: int
) -> Batch:
    """All of some showers as the model sees them, with noise of their own."""
    z = draw(stream.noise, len(showers), (seed, purpose, index))
    return stream.features(showers, torch.arange(len(showers)), z)


def _dense(showers: SparseDeposits, reader: ShowerReader) -> Showers:
    rows = torch.arange(len(showers))
    return Showers(showers.dense(rows), showers.particles, reader.detector)


def _trainer(
    stream: ShowerStream,
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
    trainer: L.Trainer, module: TrainingModule, stream: ShowerStream, checkpoint: Path
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

    def __init__(self, stream: ShowerStream) -> None:
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
    reader: ShowerReader,
    split: Split,
    simulator: NeuralSimulator,
    facts: Mapping[str, Any],
) -> ModelCard:
    """The card of a finished training; `facts`: name, seconds, device and the data's SHA-256."""
    device = facts["device"]
    parameters = sum(p.numel() for p in simulator.model.parameters())
    return ModelCard(
        name=facts["name"],
        family=simulator.card.family,
        detector=simulator.card.detector,
        training_range=simulator.card.training_range,
        data={
            "file": reader.path.name,
            "sha256": facts["sha256"],
            "train": split.train.numel(),
            "validation": split.validation.numel(),
            "test": split.test.numel(),
            "provenance": reader.provenance,
        },
        training={
            "seed": experiment.seed,
            "seconds": round(facts["seconds"], 1),
            "devices": experiment.trainer.devices,
            "accelerator": "cpu" if device.type == "cpu" else "gpu",
            "parameters": parameters,
            **machine(device),
        },
    )
