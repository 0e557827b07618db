"""The visible energy in units of its resolution."""

from __future__ import annotations

import pytest
import torch

from heitler.preprocessing import Resolution
from heitler.preprocessing.transforms import Features


def showers(energies, count=4000, seed=1):
    """Gamma distributed visible energies of 10 % of the incident one, as E^(-1/2) wide."""
    energy = torch.tensor(energies).repeat_interleave(count)
    shape = energy.double() / 100
    torch.manual_seed(seed)
    visible = torch.distributions.Gamma(shape, shape / (0.1 * energy)).sample()
    cells = visible[:, None] * torch.tensor([0.75, 0.25])
    return Features(torch.zeros(len(energy), 0), cells.float()), energy


def test_it_is_a_standard_normal_number_at_every_energy():
    x, energy = showers([256.0, 1024.0, 4096.0])
    transform = Resolution()
    transform.fit(x, energy)
    q = transform(x, energy).quantities[:, 0]
    for point in energy.unique():
        mine = q[energy == point].double()
        assert float(mine.mean()) == pytest.approx(0.0, abs=0.08)
        assert float(mine.std()) == pytest.approx(1.0, abs=0.08)
        # Of the visible energy itself, the third moment at 256 MeV is 2 / sqrt(2.56) = 1.25.
        assert abs(float((mine / mine.std()).pow(3).mean())) < 0.15


@pytest.mark.parametrize("energies", [[500.0], [500.0, 2000.0], [256.0, 1024.0, 4096.0]])
def test_the_inverse_brings_cells_back(energies):
    x, energy = showers(energies, 50)
    transform = Resolution()
    transform.fit(x, energy)
    seen = transform(x, energy)
    # Cells of any scale: their sum is that of the number.
    back = transform.inverse(seen._replace(cells=seen.cells * 7.0), energy)
    assert back.quantities.shape == (len(energy), 0)
    assert torch.allclose(back.cells, x.cells, rtol=1e-4)


def test_between_two_energies_it_follows_a_line():
    x, energy = showers([500.0, 8000.0], 400)
    transform = Resolution()
    transform.fit(x, energy)
    middle = Features(torch.zeros(1, 1), torch.ones(1, 2))
    visible = transform.inverse(middle, torch.tensor([2000.0])).cells.sum()
    assert float(visible) == pytest.approx(200.0, rel=0.1)


def test_an_empty_shower_stays_empty():
    x, energy = showers([500.0], 50)
    transform = Resolution()
    transform.fit(x, energy)
    empty = transform.inverse(Features(torch.zeros(1, 1), torch.zeros(1, 2)), energy[:1])
    assert torch.equal(empty.cells, torch.zeros(1, 2))
