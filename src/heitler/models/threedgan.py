r"""3DGAN: three-dimensional convolutions with auxiliary losses from physics.

Notation: u = E / (100 GeV) is the energy of the incident particle, x a real shower and y = G a
generated one, both as the networks see them: cells on a grid, (energy / unit)^p. Phi(x) is the sum
of the energies of the cells in that unit, n_k(x) the number of cells in bin k of energy.

    y = G(u z e_t, (theta - pi/2) / (0.2 rad))

The generator sees normal latent numbers z times u, times a vector e_t of the particle's type if it
is told the type, and the angle theta if it is told that. The discriminator D gives the probability
that a shower is real, and measures u, theta and t. It learns

    w_D BCE(D) + w_E MAPE(u_D, u) + w_theta |theta_D - theta| + w_t CE(t_D, t)

on real and generated showers alike; for some of them the answer is flipped. The generator learns
the same, with the answer "real", and

    w_sum MAPE(Phi(y), f(u) u) + w_n sum_k MAPE(n_k(y), n_k(x)) / K + w_a |a(y) - a(x)|,

f the sampling fraction (in units of a cell per 100 GeV): a polynomial of the energy, fitted to
training showers; a the angle of the line through a shower, where the angle theta is told. MAPE is
the mean absolute error in percent, BCE the binary and CE the categorical cross-entropy. The
generator has two steps for each one of the discriminator.

Of the angle the publication has two versions, both with the mean absolute error in rad and the
weight 25: an answer of the discriminator, and, later, an angle that is calculated from the cells
(as an output of the discriminator, where it has nothing to train, so that it teaches the generator
only) and compared with that of the real shower. Here both are there, each with its weight. Ours
are the way in which the line is laid (`heitler.losses.line_angle`), that the discriminator's
answers start at a regression, and the unit of the tilt that the generator sees.

References: Carminati et al. 2018, J. Phys. Conf. Ser. 1085, 032016; Khattak et al. 2022,
doi:10.1140/epjc/s10052-022-10258-4; auxiliary outputs by Odena et al. 2017 (arXiv:1610.09585).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, l1_loss

from heitler.losses import line_angle, percentage_error, soft_counts
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import Downsampler, Upsampler

__all__ = ["LossWeights", "NetworkSizes", "ThreeDGAN"]

_ENERGY, _ANGLE, _TYPE = "scaled_energy", "theta", "type"
"""Names of the conditions that it understands."""

_EDGES = (0.003, 0.008, 0.0125, 0.02, 0.03, 0.05)
"""Edges of the bins of energy, in units of 20 MeV: those of the published code."""

_SAMPLE = 200
"""Showers from which the networks start."""

_TILT = 0.2
"""Unit in rad of the tilt that the generator sees: of the size of a latent number."""

_RIDGE = 0.01
"""Regularisation of the regression at the start, in units of the kernel's mean diagonal."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses.

    The defaults are those of fixed angles of incidence in the published code, except that it
    counts cells only where angles vary (3, 0.1, 25, 0.1 and 0.1 there, 25 for either angle).

    Arguments:
        adversarial: w_D, of real against generated.
        energy: w_E, of the measured energy, per percent.
        angle: w_theta, of the measured angle, per rad.
        line: w_a, of the angle of the line through the shower, per rad.
        total: w_sum, of the sum of the cells, per percent.
        counts: w_n, of the cells in bins of energy, per percent.
        kind: w_t, of the particle's type, per nat.
    """

    adversarial: float = 2.0
    energy: float = 0.1
    angle: float = 25.0
    line: float = 25.0
    total: float = 0.1
    counts: float = 0.1
    kind: float = 1.0


@dataclass(frozen=True)
class NetworkSizes:
    """Sizes of both networks; the defaults are the published ones for 25 x 25 x 25 cells.

    Arguments:
        latent: Number of latent numbers.
        generator: Channels of the generator's dense layer and of its first three convolutions.
        discriminator: Channels of the discriminator's convolutions.
        kernel: Edge of the discriminator's kernels, where they are not those that were published.
        generator_kernel: The same of the generator's.
        stride: Step of the discriminator's second convolution: 2 makes it several times faster.
    """

    latent: int = 1024
    generator: tuple[int, int, int, int] = (8, 64, 6, 6)
    discriminator: tuple[int, int, int, int] = (32, 8, 8, 8)
    kernel: int | None = None
    generator_kernel: int | None = None
    stride: int = 1


class ThreeDGAN(GenerativeModel):
    """3DGAN, convolutions with losses from physics: see the module's docstring.

    Arguments:
        shape: Sizes of its input, with a grid; the conditions hold `ScaledEnergy`, and maybe
            `Theta` and `ParticleType`.
        sizes: Sizes of both networks.
        power: The exponent p of the cells that it sees, that of the transform `Power`.
        unit: Energy in MeV of a cell of 1, likewise.
        degree: Degree of the polynomial f, 0 for a constant.
        weights: Weights of the losses.
        flip: Share of real and generated showers that are called the other.
        focus: How much the generator starts where the mean shower is: exponent of the mean cells,
            0 for everywhere as published.

    Raises:
        ValueError: There is no grid or no `ScaledEnergy`, an angle without centres of the cells,
            or the shower has quantities beside its cells.
    """

    training_only: ClassVar[tuple[str, ...]] = ("discriminator", "head", "fraction")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (
                Phase("discriminator", ("discriminator", "head")),
                Phase("generator", ("generator", "embedding"), steps=2),
            ),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        sizes: NetworkSizes | None = None,
        power: float = 0.85,
        unit: float = 20.0,
        degree: int = 4,
        weights: LossWeights | None = None,
        flip: float = 0.05,
        focus: float = 0.0,
    ) -> None:
        super().__init__(shape)
        _check(shape)
        layers, rows, columns = shape.grid
        self.grid = (layers, rows, columns)
        self.power, self.unit, self.degree = power, unit, degree
        self.flip, self.focus = flip, focus
        self.weights = weights or LossWeights()
        self.edges = tuple(edge * 20.0 / unit for edge in _EDGES)
        angle = _ANGLE in shape.columns
        kinds = shape.columns.get(_TYPE, slice(0, 0))
        self.outputs = [1, 1, int(angle), kinds.stop - kinds.start]
        sizes = sizes or NetworkSizes()
        self.discriminator = Downsampler(
            sizes.discriminator, self.grid, kernel=sizes.kernel, stride=sizes.stride
        )
        self.head = nn.Linear(self.discriminator.features, sum(self.outputs))
        self.generator = Upsampler(
            sizes.latent + angle, sizes.generator, self.grid, kernel=sizes.generator_kernel
        )
        self.embedding: nn.Module = nn.Identity()
        if self.outputs[3]:
            self.embedding = nn.Linear(self.outputs[3], sizes.latent, bias=False)
            nn.init.normal_(self.embedding.weight, mean=1.0, std=0.3)
        self.noise = {"latent": Noise("normal", sizes.latent)}
        self.training_noise = {
            "latent": Noise("normal", sizes.latent),
            "flip": Noise("uniform", 2),
        }
        self.register_buffer("fraction", torch.eye(degree + 1, dtype=torch.float64)[0])
        self.fraction: Tensor
        centres = torch.zeros(0, 3) if shape.centres is None else shape.centres.float()
        self.register_buffer("centres", centres, persistent=False)
        self.centres: Tensor

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, cells) from latent normals."""
        return self._generate(z, c).flatten(start_dim=1)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator or of the generator."""
        flips = z["flip"] < self.flip
        if phase == "generator":
            y = self._generate(z, c)
            judged, parts = self._judge(y, c, torch.ones_like(flips[:, 0]))
            errors, others = self._physics(y.flatten(start_dim=1), x, c)
            return judged + errors, {**parts, **others}
        with torch.no_grad():
            y = self._generate(z, c)
        real, parts = self._judge(x.view_as(y), c, ~flips[:, 0])
        generated, others = self._judge(y, c, flips[:, 1])
        named = {f"real {name}": value for name, value in parts.items()}
        named |= {f"generated {name}": value for name, value in others.items()}
        return (real + generated) / 2, named

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Fits the sampling fraction; starts both networks where the showers are."""
        u, sums = self._energy(c).double(), self._linear(x).sum(dim=1).double()
        powers = u.cpu() ** torch.arange(self.degree + 1)
        ratio = (sums[:, None] / u).cpu()
        fit = torch.linalg.lstsq(powers, ratio, driver="gelsd").solution
        self.fraction.copy_(fit[:, 0])
        some = torch.linspace(0, len(x) - 1, min(_SAMPLE, len(x))).long().to(x.device)
        x, c = x[some], c[some]
        cells = x.view(-1, *self.grid)
        self.discriminator.start_at(cells)
        self._start_measuring(cells, c)
        numbers = self._numbers({"latent": z["latent"][some]}, c)
        self.generator.start_at(numbers, cells.mean(dim=0), self.focus)

    def measure(self, x: Tensor) -> Tensor:
        """The discriminator's measurement of u = E / (100 GeV), with shape (N,).

        Arguments:
            x: Showers with shape (N, cells).
        """
        return self._answers(x)[1][:, 0]

    def measure_angle(self, x: Tensor) -> Tensor:
        """The discriminator's measurement of theta in rad, with shape (N,).

        Arguments:
            x: Showers with shape (N, cells).

        Raises:
            ValueError: It is not told the angle.
        """
        if not self.outputs[2]:
            msg = "this ThreeDGAN measures no angle; train it with heitler.preprocessing.Theta"
            raise ValueError(msg)
        return self._answers(x)[2][:, 0]

    def expected_sum(self, c: Tensor) -> Tensor:
        """f(u) u with shape (N,)."""
        u = self._energy(c)
        powers = u ** torch.arange(self.degree + 1, device=u.device)
        expected: Tensor = (powers @ self.fraction.to(u.dtype)) * u[:, 0]
        return expected

    def _generate(self, z: Variates, c: Tensor) -> Tensor:
        y: Tensor = self.generator(self._numbers(z, c))
        return y

    def _start_measuring(self, cells: Tensor, c: Tensor) -> None:
        """Starts energy and angle at ridge regressions: least relative and least errors."""
        u = self._energy(c)
        rows = torch.cat([self.discriminator(cells), torch.ones_like(u)], dim=1)
        starts = [_ridge(rows / u, torch.ones_like(u))]
        if self.outputs[2]:
            starts.append(_ridge(rows, c[:, self.shape.columns[_ANGLE]]))
        for place, weights in enumerate(starts, start=1):
            self.head.weight[place], self.head.bias[place] = weights[:-1, 0], weights[-1, 0]

    def _numbers(self, z: Variates, c: Tensor) -> Tensor:
        """What the generator sees."""
        numbers = z["latent"] * self._energy(c)
        if self.outputs[3]:
            numbers = numbers * self.embedding(c[:, self.shape.columns[_TYPE]])
        if self.outputs[2]:
            tilt = c[:, self.shape.columns[_ANGLE]] - pi / 2
            numbers = torch.cat([numbers, tilt / _TILT], dim=1)
        return numbers

    def _judge(self, cells: Tensor, c: Tensor, answer: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminator's answers cost, and the parts."""
        score, energy, angle, kind = self._answers(cells)
        w = self.weights
        parts = {
            "adversarial": binary_cross_entropy_with_logits(score[:, 0], answer.to(score.dtype)),
            "energy": percentage_error(energy, self._energy(c)),
        }
        loss = w.adversarial * parts["adversarial"] + w.energy * parts["energy"]
        if self.outputs[2]:
            parts["angle"] = l1_loss(angle, c[:, self.shape.columns[_ANGLE]])
            loss = loss + w.angle * parts["angle"]
        if self.outputs[3]:
            parts["kind"] = cross_entropy(kind, c[:, self.shape.columns[_TYPE]])
            loss = loss + w.kind * parts["kind"]
        return loss, parts

    def _answers(self, cells: Tensor) -> tuple[Tensor, ...]:
        """The discriminator's score, energy, angle and type: (N, 1), (N, 1), (N, 0 or 1), ..."""
        answers: Tensor = self.head(self.discriminator(cells.view(-1, *self.grid)))
        return torch.split(answers, self.outputs, dim=1)

    def _physics(self, y: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What cells cost that no network looks at, and the parts."""
        made, real = self._linear(y), self._linear(x)
        counts = (soft_counts(cells, self.edges) for cells in (made, real))
        parts = {
            "sum": percentage_error(made.sum(dim=1), self.expected_sum(c)),
            "counts": percentage_error(*counts, least=1.0),
        }
        w = self.weights
        loss = w.total * parts["sum"] + w.counts * parts["counts"]
        if self.outputs[2]:
            wanted = line_angle(real, self.centres)
            parts["line"] = l1_loss(line_angle(made, self.centres), wanted)
            loss = loss + w.line * parts["line"]
        return loss, parts

    def _linear(self, cells: Tensor) -> Tensor:
        """Energies of cells in units of a cell, with their shape."""
        return cells ** (1 / self.power)

    def _energy(self, c: Tensor) -> Tensor:
        """The energy u with shape (N, 1)."""
        return c[:, self.shape.columns[_ENERGY]]


def _ridge(rows: Tensor, targets: Tensor) -> Tensor:
    """Weights of columns, (columns, 1), of the ridge regression of few targets, (N, 1)."""
    kernel = rows @ rows.T
    kernel.diagonal().add_(_RIDGE * kernel.diagonal().mean())
    weights: Tensor = rows.T @ torch.linalg.solve(kernel, targets)
    return weights


def _check(shape: ShowerShape) -> None:
    if len(shape.grid) != 3 or prod(shape.grid) != shape.cells:
        msg = f"ThreeDGAN needs {shape.cells} cells on a full grid, got a grid of {shape.grid}"
        raise ValueError(msg)
    if _ENERGY not in shape.columns:
        msg = "ThreeDGAN needs the condition heitler.preprocessing.ScaledEnergy"
        raise ValueError(msg)
    if _ANGLE in shape.columns and shape.centres is None:
        msg = "ThreeDGAN needs the centres of the cells to see an angle"
        raise ValueError(msg)
    if shape.globals:
        msg = "ThreeDGAN sees cells only; leave out transforms that add quantities, as Response"
        raise ValueError(msg)
