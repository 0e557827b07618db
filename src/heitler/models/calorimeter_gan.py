r"""Wasserstein GAN of calorimeter images, given momentum and point of impact.

The objective is that of `heitler.models.wgan_gp`. Generator and critic are convolutional, since
the response is an image and cells know their neighbours. Latent numbers and conditions are
projected to a small image that transposed convolutions double twice; in the critic, strided
convolutions halve the image twice and the conditions join what is left, so that they are weighed
against the image as a whole. There it also sees energy, centre of gravity and widths of the image,
each with the same variance (`heitler.networks.ImageView`): the centre follows the impact. There is
no batch normalisation, since the gradient penalty is that of single showers (Gulrajani et al.
2017, arXiv:1704.00028, section 4).

Reference: Chekalina et al. 2018 (arXiv:1812.01319), with images of 30 x 30 cells, three components
of the momentum and two coordinates of the impact.
"""

from __future__ import annotations

from heitler.models.base import ShowerShape
from heitler.models.wgan_gp import WassersteinGAN
from heitler.networks import GridCritic, GridGenerator, ImageView

__all__ = ["CalorimeterGAN"]


class CalorimeterGAN(WassersteinGAN):
    """Convolutional Wasserstein GAN of calorimeter images: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV and fill their grid.
        latent: Number of latent numbers.
        generator: Number of channels of the generator's smallest image.
        critic: Number of channels of the critic's smallest image.
        hidden: Width of the critic's hidden layer behind the convolutions.
        penalty: Weight lambda of the gradient penalty.
        unit: Energy in MeV below which the critic sees cells linearly, above logarithmically.

    Raises:
        ValueError: The cells do not fill a grid.
    """

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 32,
        generator: int = 64,
        critic: int = 32,
        hidden: int = 64,
        penalty: float = 10.0,
        unit: float = 0.1,
    ) -> None:
        grid = shape.full_grid
        super().__init__(
            shape,
            latent=latent,
            generator=GridGenerator(
                latent, shape.conditions, shape.globals, grid, channels=generator
            ),
            penalty=penalty,
            unit=unit,
        )
        self.view = ImageView(shape.globals, shape.layers, unit=unit, centres=shape.centres)
        self.critic = GridCritic(
            shape.globals,
            grid,
            self.view.summaries + shape.conditions,
            channels=critic,
            hidden=hidden,
        )
