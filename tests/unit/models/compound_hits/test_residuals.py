"""Residuals: the tables are those that made the data, whatever clusters did to t."""

import numpy as np
import pytest
import torch

from heitler.detectors import VoxelGrid
from heitler.hits import Hits
from heitler.kernels import GRID
from heitler.models.compound_hits import residuals, spectra
from heitler.models.compound_hits.residuals import Rates
from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import Stencil

LAYERS, SIDE, SHOWERS = 3, 13, 400
CELLS = LAYERS * SIDE**2
THRESHOLD, RATE, MEAN, HEIGHT = 0.1, 0.5, -0.4, 0.15
ROOT, RANK = np.linspace(0.0, GRID[1], GRID[0]), np.linspace(0.0, 1.0, GRID[0])
T = ROOT**2
KINKED = np.where(T < 0.4, 0.3 * T, 0.12 + 1.4 * (T - 0.4))
"""A table with a kink."""

LOW = THRESHOLD * RANK**2
"""Energies below the threshold."""


def excess_of(energy):
    """Sum of the excess over the threshold in each layer."""
    return (energy - THRESHOLD).clip(0).reshape(SHOWERS, LAYERS, -1).sum((0, 2))


class Toy:
    """Hits of one rate everywhere; t is an exponential variate times a random factor.

    Calibration gives each layer the excess over the threshold that it has in the data.
    """

    def __init__(self, factors):
        geometry = VoxelGrid(SIDE, SIDE, (5.0, 5.0), layer_z=range(LAYERS))
        self.factors = factors
        self.stencil = Stencil(geometry.cell_centres, LAYERS, (1, 1))
        self.aim = self.stencil.aim(torch.zeros(SHOWERS, 4))
        shape = (SHOWERS, LAYERS, self.stencil.count)
        self.rates = Rates(*(torch.full(shape, v) for v in (RATE, MEAN, HEIGHT)))
        self.cells = Seen.of(Hits.of(torch.ones(1, CELLS)), self.aim, self.stencil)
        low, high, bins = spectra.MEANS
        zone = self.stencil.zone[self.cells.bin]
        level = int((MEAN - low) / (high - low) * bins)
        self.table = (spectra.class_of(LAYERS)[self.cells.layer, zone] * bins + level).numpy()

    def draw(self, tables, lift, below, seed, goal=None):
        rng = np.random.default_rng(seed)
        size = (SHOWERS, CELLS)
        t = rng.exponential(size=size) * rng.choice(self.factors, size) - HEIGHT
        excess = np.empty(size)
        for row in np.unique(self.table):
            mine = self.table == row
            excess[:, mine] = np.interp(np.sqrt(t[:, mine].clip(0)), ROOT, tables[row])
        high = THRESHOLD + np.exp(MEAN) * lift * excess
        low = np.interp(1 + t / HEIGHT, RANK, below)
        hit = rng.random(size) < -np.expm1(-RATE)
        energy = np.where(t < 0, low, high) * hit
        if goal is not None:
            factor = np.repeat(goal / excess_of(energy), SIDE**2)
            energy += (factor - 1.0) * (energy - THRESHOLD).clip(0)
        return Hits.of(torch.from_numpy(energy).float())

    def again(self, fitted, data, seed):
        """Showers of what is fitted."""
        lift = fitted.lift[0][self.cells.layer, self.cells.bin].numpy()
        goal = excess_of(data.dense(CELLS).double().numpy())
        return self.draw(fitted.tables, lift, fitted.below, seed, goal)

    def fit(self, data):
        def generate(fitted, step):
            return self.again(fitted, data, 100 + step)

        return residuals.fit(
            data, self.aim, self.stencil, self.rates, generate, threshold=THRESHOLD
        )


@pytest.fixture(scope="module", params=[(1.0,), (0.7, 1.37)], ids=["alone", "in clusters"])
def toy(request):
    """A toy, its data, and what is fitted to them."""
    toy = Toy(request.param)
    every = np.tile(KINKED, (spectra.CLASSES * spectra.MEANS[2], 1))
    data = toy.draw(every, 1.0, LOW, 1)
    return toy, data, toy.fit(data)


def test_tables_are_those_that_made_the_data(toy):
    toy, _, fitted = toy
    rows, cells = np.unique(toy.table, return_counts=True)
    usual = (T > 0.02) & (T < 4.0)
    wanted = KINKED / spectra.mean(KINKED[None])
    for row in rows[cells > 60]:
        got = fitted.tables[row] / spectra.mean(fitted.tables[row][None])
        np.testing.assert_allclose(got[usual], wanted[usual], rtol=0.06, atol=0.004)


def test_calibration_has_little_to_do(toy):
    """What it would undo does not grow: means are nearly those of the data before it."""
    toy, data, fitted = toy
    lift = fitted.lift[0][toy.cells.layer, toy.cells.bin].numpy()
    made = toy.draw(fitted.tables, lift, fitted.below, 2)
    got, wanted = (excess_of(hits.dense(CELLS).double().numpy()) for hits in (made, data))
    np.testing.assert_allclose(got / wanted, 1.0, rtol=0.15)


def test_energies_below_the_threshold_are_those_of_the_data(toy):
    _, _, fitted = toy
    np.testing.assert_allclose(fitted.below, LOW, atol=0.03 * THRESHOLD)
    assert (np.diff(fitted.below) >= 0).all()
    assert fitted.below[-1] <= THRESHOLD


def test_spectra_are_those_of_the_data(toy):
    toy, data, fitted = toy
    made = toy.again(fitted, data, 2)
    edges = np.geomspace(0.01, 10.0, 40)
    got, wanted = (np.histogram(hits.energies, edges)[0] for hits in (made, data))
    pull = (got - wanted) / np.sqrt(got + wanted + 1.0)
    assert np.sqrt((pull**2).mean()) < 1.6
    assert np.abs(pull).max() < 7.0
