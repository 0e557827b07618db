"""Training of a bank: one run directory for each type of particle and slice in |eta|.

    bank: {particles: [22, 11], eta: [0.0, 1.2], number: 24}
    data: {file: showers.h5, test: 300, validation: 300}
    conditioning: ..., preprocessing: ..., model: ..., training: ..., seed: 1

All but `bank` is an experiment as `train` knows it, the same for all members; `data.file` holds
the showers of all, in any order, of which each member takes its own. The folder of a bank holds

    config.yaml            the configuration with all defaults filled in
    members/NAME/          a run directory of each member
    members/NAME.h5        the showers of a member that is not finished
    bank.json, card.json   slices and cards, written last, and
    model.safetensors      all weights: with them the folder is a `heitler.simulators.Bank`

Members know nothing of each other, so that anybody can train any of them at any time
(`heitler.production.train_bank`); a member that is finished is not touched again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from heitler.formats import atomic_file, create_showers, open_showers
from heitler.models import random_generator
from heitler.showers import Showers
from heitler.simulators import Slice, Slices, block_seed, pack_bank, read_configuration
from heitler.simulators.neural import CARD, CONFIGURATION
from heitler.training.experiment import Experiment
from heitler.training.run import train
from heitler.training.showers import read_rows

__all__ = ["BankPlan", "MemberTask", "train_member"]

MEMBERS = "members"

_MEMBER = 14
"""Purpose of the seeds of trainings, see `block_seed`."""


@dataclass(frozen=True)
class MemberTask:
    """The training of a member, which can be sent to another process with the same disk.

    Arguments:
        settings: Keys and values of an `Experiment`.
        folder: The run directory.
    """

    settings: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True)
class BankPlan:
    """What is to be trained, and where.

    Arguments:
        slices: What each member answers.
        settings: Keys and values of the `Experiment` that all members share.
        output: The folder of the bank.
    """

    slices: Slices
    settings: Mapping[str, Any]
    output: Path

    @classmethod
    def of(
        cls,
        settings: Mapping[str, Any],
        output: Path | str,
        *,
        overrides: list[str] | None = None,
        source: str = "configuration",
    ) -> BankPlan:
        """The plan of a configuration, whose folder is made or found.

        Raises:
            ValueError: The settings make no sense, or the folder holds another training.
        """
        shared = {key: value for key, value in settings.items() if key != "bank"}
        slices, _ = read_configuration(Slices, settings["bank"], source=f"{source}, bank")
        _, text = read_configuration(Experiment, shared, overrides=overrides, source=source)
        entry = {"particles": [*slices.particles], "eta": [*slices.eta], "number": slices.number}
        configuration = yaml.safe_dump({"bank": entry}) + text
        output = Path(output)
        _claim(output / CONFIGURATION, configuration)
        return cls(slices, yaml.safe_load(text), output)

    def folder(self, member: Slice) -> Path:
        """The run directory of a member."""
        return self.output / MEMBERS / member.name

    def tasks(self) -> list[MemberTask]:
        """The trainings that are not finished; their showers are written to files of their own.

        Raises:
            ValueError: A member has no showers.
        """
        left = [each for each in self.slices.members if not (self.folder(each) / CARD).is_file()]
        if any(not self._showers(each).is_file() for each in left):
            self._cut(left)
        return [self._task(each) for each in left]

    def finish(self) -> Path:
        """Puts the members together, when all are trained."""
        for each in self.slices.members:
            self._showers(each).unlink(missing_ok=True)
        runs = [self.folder(each) for each in self.slices.members]
        return pack_bank(self.slices, runs, self.output)

    def _task(self, member: Slice) -> MemberTask:
        place = self.slices.members.index(member)
        settings = dict(self.settings)
        settings["data"] = {**settings["data"], "file": str(self._showers(member))}
        settings["seed"] = self._seed(place)
        return MemberTask(settings, self.folder(member))

    def _seed(self, place: int) -> int:
        return block_seed(self.settings["seed"], place, _MEMBER)

    def _showers(self, member: Slice) -> Path:
        return self.output / MEMBERS / f"{member.name}.h5"

    def _cut(self, members: list[Slice]) -> None:
        """Writes the showers of members that have no file yet, in random order.

        Files are often sorted by energy, which splits and assessments need not know.
        """
        with open_showers(self.settings["data"]["file"]) as reader:
            places = self.slices.places(reader.particles)
            for each in members:
                place = self.slices.members.index(each)
                rows = (places == place).nonzero()[:, 0]
                if not rows.numel():
                    msg = f"{reader.path} has no showers for the member {each.name} of the bank"
                    raise ValueError(msg)
                path = self._showers(each)
                if not path.is_file():
                    showers = Showers.concatenate(list(read_rows(reader, rows)))
                    order = random_generator(self._seed(place)).permutation(len(showers))
                    origin = {**reader.provenance, "cut_from": reader.path.name}
                    with create_showers(path, reader.detector, provenance=origin) as writer:
                        writer.write(showers[torch.from_numpy(order)])


def train_member(task: MemberTask) -> Path:
    """Trains a member, or goes on with it, and gives its run directory.

    Raises:
        ValueError: The settings make no sense, or the training fails.
    """
    before = torch.get_num_threads()
    try:
        return train(task.settings, task.folder, source=task.folder.name, progress=False)
    finally:
        torch.set_num_threads(before)


def _claim(path: Path, configuration: str) -> None:
    """Makes the folder ours, or finds that it is.

    Raises:
        ValueError: It holds something else.
    """
    if path.is_file():
        if path.read_text() != configuration:
            msg = (
                f"{path.parent} holds a training with another configuration; choose another "
                "directory or delete it"
            )
            raise ValueError(msg)
        return
    if path.parent.is_dir() and any(path.parent.iterdir()):
        msg = f"{path.parent} is not empty and holds no training; choose another directory"
        raise ValueError(msg)
    with atomic_file(path) as part:
        part.write_text(configuration)
