r"""What adversarial families of showers have in common.

Notation: c are the conditions, z latent normal numbers and one normal number for each column.

The generator ends in squares of rectified normal numbers, so that it can make empty cells and
cells that fluctuate by themselves, and starts at a linear model of the showers
(`heitler.networks.RectifiedNormal`). Its opponent sees cells and summaries of a shower
(`heitler.networks.ShowerView`). Families differ in what the two play for.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from heitler.models.base import GenerativeModel, Noise, ShowerShape, Variates
from heitler.networks import CellGenerator, GridGenerator, ShowerView

__all__ = ["AdversarialModel", "cell_generator"]


class AdversarialModel(GenerativeModel):
    """A generator of showers and what its opponent sees: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: From latent numbers, one normal number per column, and c to showers.
        unit: Energy in MeV below which cells are seen linearly, above logarithmically.
    """

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int,
        generator: CellGenerator | GridGenerator,
        unit: float,
    ) -> None:
        super().__init__(shape)
        self.generator = generator
        self.view = ShowerView(shape.globals, shape.layers, unit=unit, centres=shape.centres)
        self.noise = {
            "latent": Noise("normal", latent),
            "features": Noise("normal", shape.features),
        }
        self.training_noise = self.noise

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one normal per column."""
        showers: Tensor = self.generator(z["latent"], z["features"], c)
        return showers

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:
        """Fits what is seen of showers; starts the generator at a linear model."""
        del z
        if stage == "adversarial":
            self.view.fit(x)
            self.generator.end.start_at(x, c)


def cell_generator(
    shape: ShowerShape, *, latent: int, hidden: Sequence[int], rank: int
) -> CellGenerator:
    """The fully connected generator for a shape; see `CellGenerator`.

    Arguments:
        shape: Sizes of showers.
        latent: Number of latent numbers.
        hidden: Widths of the hidden layers.
        rank: Number of cell patterns of each layer that it combines.
    """
    return CellGenerator(
        latent, shape.conditions, shape.globals, shape.layers, hidden=hidden, rank=rank
    )
