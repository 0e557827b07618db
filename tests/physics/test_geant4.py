"""Geant4 through heitler: reference numbers of others, and the showers in ../shared."""

import re

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from heitler.data import resolve
from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.observables import OBSERVABLES
from heitler.particles import ELECTRON, PHOTON
from heitler.simulators.geant4 import Geant4Simulator

pytestmark = pytest.mark.geant4


def test_silicon_tungsten(shoot, reference_detector):
    """10 GeV photons, 200 showers elsewhere: 292.0 +- 1.7 MeV, rms / mean 0.080, 228 cells."""
    showers = shoot(reference_detector("silicon_tungsten"), [1e4] * 60, margin=0.0)
    visible = showers.deposits.double().sum(dim=1)
    error = float(visible.std()) / len(visible) ** 0.5
    assert float(visible.mean()) == pytest.approx(292.0, abs=3.5 * np.hypot(error, 1.7))
    assert float(visible.std() / visible.mean()) == pytest.approx(0.080, abs=0.026)  # 3.5 sigma
    cells = (showers.deposits > 0).sum(dim=1).double()
    assert float(cells.mean()) == pytest.approx(
        228, abs=3.5 * float(cells.std()) / len(cells) ** 0.5
    )


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


@pytest.mark.parametrize("name", ["clic_electrons", "ild_photons_tilted"])
def test_packaged_samples_are_what_is_simulated(name, geant4_data):
    """The particles of lowest energy once more, with other seeds: visible energy and hits."""
    with open_showers(resolve(name)) as reader:
        sample = reader.read(0, len(reader))
    theirs = sample[sample.particles.energy.argsort()[:25]]
    with Geant4Simulator(sample.detector, data=geant4_data) as simulator:
        ours = simulator.simulate(theirs.particles, seed=5)
    for quantity in (OBSERVABLES["visible_energy"], OBSERVABLES["hits"]):
        a, b = (quantity(showers).double() / theirs.particles.energy for showers in (ours, theirs))
        error = (a - b).std() / len(a) ** 0.5
        assert abs(float((a - b).mean() / error)) < 4


def test_lead_and_liquid_argon(shoot, reference_detector):
    """TestEm3: 1 GeV electrons, 774.03 MeV in lead, 215.74 MeV in argon, rms 14.6 and 13.4."""
    showers = shoot(reference_detector("testem3"), [1e3] * 150, pdg=ELECTRON, margin=0.0)
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


def test_lead_tungstate(shoot, reference_detector, shared_data):
    """TestEm2: 5 GeV electrons in a cylinder of PbWO4 of 20 X0 with a radius of 5 X0.

    Radii from 0.5 X0 on: inside, the example makes long steps through its one volume and has more
    (17.5 % within 0.1 X0) than rings or boxes, where steps end at the cells (14.5 % in both).
    """
    text = shared_data("third_party/geant4/TestEm2.out").read_text()
    block, count = reference_detector("testem2"), 60
    showers = shoot(block, [5e3] * count, pdg=ELECTRON, margin=0.0, cut=1.0)
    percent = showers.deposits.double() / 50

    assert float(percent.sum(dim=1).mean()) == pytest.approx(94.81, abs=1.0)

    mean, rms = printed(text, "LOGITUDINAL")  # as it is spelt there
    ours = block.geometry.sum_layers(percent)
    pulls = (ours.mean(dim=0).numpy() - mean) / (rms * np.hypot(count**-0.5, 0.1) + 0.01)
    assert np.abs(pulls).max() < 4.5, pulls

    within = block.geometry.to_grid(percent).sum(dim=(1, 2)).mean(dim=0).cumsum(dim=0).numpy()
    edges = block.geometry.radial_edges[0][1:] / block.geometry.radial_edges[0][10]
    assert float(np.interp(90.0, within, edges)) == pytest.approx(2.97, rel=0.05)
    theirs = printed(text, "RADIAL")[0].cumsum()
    np.testing.assert_allclose(within[4:], theirs[4:], atol=2.0)


@pytest.mark.slow
def test_sodium_iodide(shoot, reference_detector, shared_data):
    """2 GeV showers of others, em_shower: shapes and differences of depth."""
    with np.load(shared_data("third_party/em_shower/em_shower_2GeV_12x12x12.npz")) as file:
        theirs = file["shower"].astype(np.float64).sum(axis=(2, 3))
        primary = file["primary"]
    depths = {}
    for pdg, code in ((PHOTON, 0), (ELECTRON, 1)):
        showers = shoot(reference_detector("em_shower"), [2e3] * 600, pdg=pdg, margin=0.0)
        ours = showers.geometry.sum_layers(showers.deposits).numpy()
        both = ours, theirs[primary == code]
        fractions = [layers.sum(axis=0) / layers.sum() for layers in both]
        np.testing.assert_allclose(*fractions, atol=0.03)
        shares = [layers / layers.sum(axis=1, keepdims=True) for layers in both]
        depths[pdg] = [float((share @ np.arange(12)).mean()) for share in shares]
    for photons, electrons in zip(depths[PHOTON], depths[ELECTRON], strict=True):
        assert 0.25 < photons - electrons < 0.5
