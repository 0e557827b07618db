r"""What a generative model is.

    x = g(z, c)

c are the conditions (energy, angle, ...), z is all the randomness of generation: named tensors of
normal or uniform numbers, listed in `noise`. Given z and c, g is deterministic, so a model can be
seeded, exported and tested like any function. Training is the same: `training_noise` lists what
the loss consumes, the trainer draws it, and `loss` is deterministic given (x, c, z). So one
process and many processes that share a batch compute the same gradient. A loss that compares
showers of a batch with each other (a distance of samples) is no mean over showers, though: many
processes average its estimates of smaller batches.

Training runs through `stages`, one after the other. A stage has phases, which take turns: each
updates its own submodules with its own optimizer. Before a stage starts, `prepare` sees a sample
of training showers: that is where biases start at empirical values and tables are filled. A stage
without phases is only prepared.

Notation: N showers, x is (N, globals + cells), c is (N, conditions).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from itertools import chain
from math import prod
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from heitler.hits import Hits
from heitler.kernels import normals, uniforms

__all__ = [
    "GenerativeModel",
    "Noise",
    "NoiseSpec",
    "Phase",
    "ShowerShape",
    "Stage",
    "Variates",
    "draw",
    "families",
    "random_generator",
]

Variates = Mapping[str, Tensor]
"""Random numbers by name, each with shape (N, *shape)."""


@dataclass(frozen=True, slots=True, eq=False)
class ShowerShape:
    """Sizes of what a model sees: they come from geometry, preprocessing and conditioning.

    Arguments:
        layers: Number of cells of each layer; cells are the last columns of x, layer by layer.
        globals: Number of quantities of the whole shower, the first columns of x.
        conditions: Number of columns of c.
        columns: Which columns of c hold the condition of a name.
        centres: Centres of the cells in mm, (cells, 3), for families that know of space.
        grid: (layers, y, x) or (layers, alpha, r) of the geometry, for families that convolve; if
            layers differ, it has more places than there are cells.
    """

    layers: tuple[int, ...]
    globals: int
    conditions: int
    columns: Mapping[str, slice] = field(default_factory=dict)
    centres: Tensor | None = None
    grid: tuple[int, ...] = ()

    @property
    def cells(self) -> int:
        """Number of cells."""
        return sum(self.layers)

    @property
    def features(self) -> int:
        """Number of columns of x."""
        return self.globals + self.cells

    @property
    def full_grid(self) -> tuple[int, int, int]:
        """The grid, every place of which is a cell.

        Raises:
            ValueError: There are places without cells, or no grid is known.
        """
        if len(self.grid) != 3 or prod(self.grid) != self.cells:
            msg = (
                f"this family needs layers with the same cells, got {self.cells} cells on a grid "
                f"{self.grid}; take one that is fully connected"
            )
            raise ValueError(msg)
        layers, rows, columns = self.grid
        return layers, rows, columns


@dataclass(frozen=True, slots=True)
class Noise:
    """Independent random numbers for one shower: their distribution and their number."""

    kind: Literal["normal", "uniform"]
    size: int


NoiseSpec = Mapping[str, Noise]


@dataclass(frozen=True, slots=True)
class Phase:
    """Which submodules an optimizer updates, and for how many steps in a row.

    Arguments:
        name: Name that is passed to `GenerativeModel.loss`.
        trains: Names of submodules of the model.
        steps: Number of updates before the next phase of the stage has its turn.
    """

    name: str
    trains: tuple[str, ...]
    steps: int = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training: its phases take turns.

    Arguments:
        name: Name under which the configuration schedules it.
        phases: The phases; none if the stage is only prepared.
        select: Which weights the stage ends with: those of the lowest validation "loss", those
            whose generated showers come nearest to the validation showers ("physics"), or the
            "last".
    """

    name: str
    phases: tuple[Phase, ...] = ()
    select: Literal["loss", "physics", "last"] = "last"


class GenerativeModel(nn.Module, ABC):
    """A trainable map from noise and condition to a shower.

    The first argument of a family's constructor is the `ShowerShape`; all others are keyword
    arguments with defaults: they are the schema of its configuration.

    Attributes:
        stages: How it is trained.
        noise: What `forward` consumes.
        training_noise: What `loss` consumes.
        sparse: Whether it samples hits: `forward` is then the dense form of `hits`.
        gpu: Whether it also runs on a GPU.
        training_only: Names of the submodules and buffers that only training needs: `strip` takes
            them away.
        batchwise: Whether its loss compares the showers of a batch with each other, as batch
            normalisation does: it is then no mean over showers, and processes that share a batch
            each look at their part.
    """

    stages: ClassVar[tuple[Stage, ...]]
    sparse: ClassVar[bool] = False
    gpu: ClassVar[bool] = True
    training_only: ClassVar[tuple[str, ...]] = ()
    batchwise: ClassVar[bool] = False
    noise: NoiseSpec
    training_noise: NoiseSpec

    def __init__(self, shape: ShowerShape) -> None:
        super().__init__()
        self.shape = shape

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        if not self.gpu:
            return torch.device("cpu")
        tensors = chain(self.parameters(), self.buffers())
        return next((each.device for each in tensors), torch.device("cpu"))

    @abstractmethod
    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Generates showers.

        Arguments:
            z: Random numbers as listed in `noise`.
            c: Conditions with shape (N, conditions).

        Returns:
            Showers with shape (N, features).
        """

    @torch.no_grad()
    def hits(self, z: Variates, c: Tensor) -> Hits:
        """Generates showers as lists of hits: the cells of `forward` that are not zero.

        A family that samples hits overrides it and says that it is `sparse`: its `forward` is then
        the dense form of the same showers, bit by bit.

        Arguments:
            z: Random numbers as listed in `noise`.
            c: Conditions with shape (N, conditions).
        """
        return Hits.of(self(z, c)[:, self.shape.globals :])

    @abstractmethod
    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean loss of a batch, and its parts for the log.

        Arguments:
            x: Showers with shape (N, features).
            c: Conditions with shape (N, conditions).
            z: Random numbers as listed in `training_noise`.
            phase: Name of the phase.
        """

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:
        """Sets what a stage starts from, given a sample of training showers; by default nothing.

        Arguments:
            stage: Name of the stage that starts.
            x: Showers with shape (N, features).
            c: Conditions with shape (N, conditions).
            z: Random numbers as listed in `training_noise`.
        """

    def strip(self) -> None:
        """Leaves what `forward` needs: showers stay the same, there is no more training."""
        for path in self.training_only:
            parent, _, name = path.rpartition(".")
            delattr(self.get_submodule(parent), name)

    def parameters_of(self, phase: Phase) -> list[nn.Parameter]:
        """The parameters that a phase updates."""
        return [p for name in phase.trains for p in self.get_submodule(name).parameters()]


def families() -> list[type[GenerativeModel]]:
    """All families: classes whose settings have defaults; others are what families share."""
    return [each for each in _below(GenerativeModel) if _can_be_configured(each)]  # type: ignore[type-abstract]


def _below(family: type[GenerativeModel]) -> Iterator[type[GenerativeModel]]:
    for child in family.__subclasses__():
        yield child
        yield from _below(child)


def _can_be_configured(family: type[GenerativeModel]) -> bool:
    _, *settings = signature(family).parameters.values()
    return all(entry.default is not Parameter.empty for entry in settings)


def draw(
    spec: NoiseSpec, count: int, seed: tuple[int, ...], device: torch.device | None = None
) -> dict[str, Tensor]:
    """Random numbers for `count` showers, each name from a stream of its own.

    The numbers of a shower depend on the seed and on its place only: the first of many are the
    same as those of few.

    Arguments:
        spec: Names, kinds and sizes.
        count: N.
        seed: Numbers that together are the seed.
        device: Where to put them.

    Raises:
        ValueError: The seed is negative.
    """
    _check_seed(seed)
    words = np.asarray(np.random.SeedSequence(seed).generate_state(2), np.uint32)
    return {
        name: torch.from_numpy(_KINDS[noise.kind](words, purpose, count, noise.size)).to(device)
        for purpose, (name, noise) in enumerate(spec.items())
    }


_KINDS = {"normal": normals, "uniform": uniforms}


def random_generator(*seed: int) -> np.random.Generator:
    """The generator that a seed stands for: SFC64, the fastest of numpy's.

    Arguments:
        seed: One or more integers that are not negative.

    Raises:
        ValueError: The seed is negative.
    """
    _check_seed(seed)
    return np.random.Generator(np.random.SFC64(seed))


def _check_seed(seed: tuple[int, ...]) -> None:
    if min(seed) < 0:
        msg = f"a seed must not be negative, got {min(seed)}"
        raise ValueError(msg)
