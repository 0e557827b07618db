"""Geant4 through heitler: reference numbers of others, and the showers in ../shared."""

import re

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from heitler.detectors import load_detector, parse_detector
from heitler.formats import open_showers
from heitler.particles import ELECTRON, PHOTON, IncidentParticles
from heitler.simulators.geant4 import Geant4Simulator

pytestmark = pytest.mark.geant4


@pytest.fixture
def shoot(geant4_data):
    """`shoot(detector, energy, pdg=, **settings)`: showers of particles on the axis."""

    def make(detector, energy, *, pdg=PHOTON, **settings):
        incident = IncidentParticles.beam(
            energy, pdg=pdg, impact=detector.impact, depth=detector.face_z
        )
        with Geant4Simulator(detector, data=geant4_data, **settings) as simulator:
            return simulator.simulate(incident, seed=1)

    return make


def detector(stack, *, cells, cell):
    return parse_detector(
        {
            "name": "reference",
            "description": "A detector of a reference.",
            "hit_threshold": 0.1,
            "stack": stack,
            "geometry": {
                "type": "VoxelGrid",
                "rows": cells,
                "columns": cells,
                "cell": [cell, cell],
            },
        }
    )


def plate(material, thickness, *, active=False):
    return {"material": material, "thickness": thickness, "active": active}


def test_silicon_tungsten(shoot):
    """10 GeV photons, 200 showers elsewhere: 292.0 +- 1.7 MeV, rms / mean 0.080, 228 cells."""
    silicon = plate("silicon", 0.5, active=True)
    stack = [
        {"repeat": 20, "slabs": [plate("tungsten", 2.1), silicon]},
        {"repeat": 10, "slabs": [plate("tungsten", 4.2), silicon]},
    ]
    showers = shoot(detector(stack, cells=60, cell=5.0), [1e4] * 60, margin=0.0)
    visible = showers.deposits.double().sum(dim=1)
    error = float(visible.std()) / len(visible) ** 0.5
    assert float(visible.mean()) == pytest.approx(292.0, abs=3.5 * np.hypot(error, 1.7))
    assert float(visible.std() / visible.mean()) == pytest.approx(0.080, abs=0.026)  # 3.5 sigma


def test_showers_agree_with_those_of_an_independent_script(shoot, shared_data):
    energy = torch.from_numpy(np.random.default_rng(1).uniform(1e4, 3e4, 40))
    ours = shoot(load_detector("ild_ecal"), energy)
    with open_showers(shared_data("geant4/ild_photons_perpendicular.h5")) as reader:
        theirs = reader.read(0, 3000)
    theirs = theirs[theirs.particles.energy < 3e4]
    geometry = ours.geometry
    depth = geometry.layer_z[geometry.layer_of_cell]

    def observables(showers):
        deposits, e = showers.deposits.double(), showers.particles.energy
        visible = deposits.sum(dim=1)
        return {
            "response": visible / e,
            "hits per GeV": (deposits > 0.1).sum(dim=1) / e,
            "depth": deposits @ depth / visible,
            "hottest cell": deposits.amax(dim=1) / e,
        }

    a, b = observables(ours), observables(theirs)
    values = {name: ks_2samp(a[name], b[name]).pvalue for name in a}
    assert min(values.values()) > 0.001, values

    def profile(showers):
        return geometry.sum_layers(showers.deposits) / showers.particles.energy[:, None]

    x, y = profile(ours), profile(theirs)
    error = (x.var(dim=0) / len(x) + y.var(dim=0) / len(y)).sqrt()
    pulls = (x.mean(dim=0) - y.mean(dim=0)) / error
    assert float(pulls.abs().max()) < 4.0


def test_lead_and_liquid_argon(shoot):
    """TestEm3: 1 GeV electrons, 774.03 MeV in lead, 215.74 MeV in argon, rms 14.6 and 13.4."""
    layer = [plate("lead", 2.3, active=True), plate("liquid_argon", 5.7, active=True)]
    calorimeter = detector([{"repeat": 50, "slabs": layer}], cells=1, cell=400.0)
    showers = shoot(calorimeter, [1e3] * 150, pdg=ELECTRON, margin=0.0)
    for first, expected, rms in ((0, 774.03, 14.58), (1, 215.74, 13.37)):
        energy = showers.deposits[:, first::2].double().sum(dim=1)
        assert float(energy.mean()) == pytest.approx(expected, rel=0.01)
        assert float(energy.std()) == pytest.approx(rms, rel=0.3)
    assert 1000 - float(showers.deposits.double().sum(dim=1).mean()) == pytest.approx(10.2, abs=3)


def printed(text, heading):
    """Mean and rms per bin of a profile in the output of TestEm2, per cent of the beam energy."""
    number = r"([0-9.]+)% +([0-9.]+)%"
    lines = re.findall(rf"-> *[0-9.]+ radl: +{number} +0->", text[text.index(heading) :])
    return np.array(lines, dtype=float)[: 40 if heading.startswith("LOG") else 50].T


def test_lead_tungstate(shoot, shared_data):
    """TestEm2: 5 GeV electrons in a cylinder of PbWO4 of 20 X0 with a radius of 5 X0."""
    text = shared_data("third_party/geant4/TestEm2.out").read_text()
    x0, count = 8.925, 60
    slab = plate("lead_tungstate", x0 / 2, active=True)
    block = detector([{"repeat": 40, "slabs": [slab]}], cells=50, cell=x0 / 5)
    showers = shoot(block, [5e3] * count, pdg=ELECTRON, margin=0.0, cut=1.0)
    radius = block.geometry.cell_centres[:, :2].norm(dim=1) / x0
    percent = torch.where(radius < 5, showers.deposits.double() / 50, 0.0)

    contained = percent.sum(dim=1)
    assert float(contained.mean()) == pytest.approx(94.81, abs=1.0)

    mean, rms = printed(text, "LOGITUDINAL")  # as it is spelt there
    ours = block.geometry.sum_layers(percent)
    pulls = (ours.mean(dim=0).numpy() - mean) / (rms * np.hypot(count**-0.5, 0.1) + 0.01)
    assert np.abs(pulls).max() < 4.5, pulls

    edges = np.arange(0.1, 5.0, 0.1)
    within = [float(percent[:, radius < edge].sum()) / count for edge in edges]
    assert float(np.interp(90.0, within, edges)) == pytest.approx(2.97, rel=0.05)
    theirs = printed(text, "RADIAL")[0].cumsum()
    np.testing.assert_allclose(within[9:], theirs[9:-1], atol=2.0)
