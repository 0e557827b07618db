"""The whole chain: what it finds does not depend on how the showers come."""

from __future__ import annotations

import pytest
import torch

from heitler.formats import open_showers
from heitler.reconstruction import Digitisation, Reconstruction, batches_of
from heitler.tables import Table


@pytest.fixture(scope="module")
def chain(toy_detector):
    return Reconstruction.of(toy_detector, Digitisation.of(toy_detector, noise=0.3))


def test_batches_and_forms_do_not_matter(chain, toy_showers):
    showers = toy_showers(count=11)
    whole = chain(showers, seed=3)
    parts = chain.tables([showers[:4], showers[4:].sparse()], seed=3)
    torch.testing.assert_close(Table.concatenate(list(parts)).values, whole.values)
    assert whole.columns == chain.columns(showers.detector)
    assert not torch.equal(chain(showers, seed=4).values, whole.values)


def test_what_is_counted_adds_up(chain, toy_showers):
    showers = toy_showers(count=20, theta=1.2)
    table = chain(showers)
    read = chain.digitisation(showers, seed=1)
    torch.testing.assert_close(table.column("true_energy"), showers.particles.energy)
    torch.testing.assert_close(
        table.column("true_theta"), torch.full((20,), 1.2).double().rad2deg()
    )
    torch.testing.assert_close(table.column("hits"), (read.deposits > 0).sum(dim=1).double())
    visible = read.deposits.double().sum(dim=1)
    torch.testing.assert_close(table.column("visible_energy"), visible)
    assert (table.column("group_energy_0") <= visible + 1e-9).all()
    assert (table.column("leading_energy") <= table.column("group_energy_0") + 1e-9).all()
    assert (table.column("leading_hits") <= table.column("clustered_hits")).all()


def test_calibrated_showers_have_their_energy_on_average(toy_detector, toy_law):
    chain = Reconstruction.of(toy_detector)
    chain = chain.calibrated(chain(toy_law(500, seed=1)))
    table = chain(toy_law(500, seed=2))
    assert "energy" in table.names
    assert table.columns == chain.columns(toy_detector)
    ratio = table.column("energy") / table.column("true_energy")
    assert float(ratio.mean()) == pytest.approx(1.0, abs=0.02)


def test_photons_are_linear_within_one_per_cent(shared_data):
    """Calibrated on 400 showers, applied to 800 others."""
    with open_showers(shared_data("geant4/ild_photons_perpendicular.h5")) as reader:
        chain = Reconstruction.of(reader.detector)
        parts = []
        for batch in chain.tables(batches_of(reader)):
            parts.append(batch)
            if len(parts) == 6:
                break
    table = Table.concatenate(parts)
    chain = chain.calibrated(table[:400])
    groups = table.select(["group_energy_0", "group_energy_1"]).values[400:]
    energy = table.column("true_energy")[400:]
    ratio = chain.calibration.energy(groups) / energy
    for low, high in ((10, 40), (40, 70), (70, 100)):
        inside = (energy >= 1e3 * low) & (energy < 1e3 * high)
        assert float(ratio[inside].mean()) == pytest.approx(1.0, abs=0.01)
    assert float(ratio.std()) < 0.05
