"""Geant4 through heitler beside published numbers: TestEm2, TestEm3, a Si-W stack, em_shower.

The detectors are those of ``benchmarks/detectors``, which the tests in ``tests/physics`` build as
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.detectors import load_detector
from heitler.particles import ELECTRON, PHOTON, POSITRON, IncidentParticles
from heitler.showers import Showers
from heitler.simulators.geant4 import Geant4Simulator
from heitler.units import GeV

_FOLDER = Path(__file__).with_name("detectors")
SEED = 1
EM_SHOWER = "em_shower/em_shower_2GeV_12x12x12.npz"
_PRIMARIES = {PHOTON: ("photons", 0), ELECTRON: ("electrons", 1), POSITRON: ("positrons", -1)}

_Array = NDArray[np.float64]


def shoot(name: str, energy: float, count: int, *, pdg: int, cut: float = 0.7) -> Showers:
    """Showers of upright particles in a detector of ``benchmarks/detectors``, without a margin.

    Arguments:
        name: Name of the detector.
        energy: Incident energy in MeV.
        count: How many showers.
        pdg: Particle code.
        cut: Production cut in mm.
    """
    detector = load_detector(str(_FOLDER / f"{name}.yaml"))
    incident = IncidentParticles.beam(
        [energy] * count, pdg=pdg, impact=detector.impact, depth=detector.face_z
    )
    with Geant4Simulator(detector, margin=0.0, cut=cut) as simulator:
        return simulator.simulate(incident, seed=SEED)


@dataclass(frozen=True)
class Number:
    """A mean beside a published one, which may come without error.

    Arguments:
        what: Detector, particle and quantity.
        published: Value and error.
        ours: Value and error.
    """

    what: str
    published: tuple[float, float]
    ours: tuple[float, float]

    @property
    def row(self) -> list[str]:
        """Of a table: what, published, ours, ratio."""
        shown = [f"{v:.4g} ± {e:.2g}" if e else f"{v:.4g}" for v, e in (self.published, self.ours)]
        return [self.what, *shown, f"{self.ours[0] / self.published[0]:.4f}"]


def numbers() -> list[Number]:
    """Means and spreads beside those that Geant4's examples print (100 events each)."""
    em2 = shoot("testem2", 5 * GeV, 100, pdg=ELECTRON, cut=1.0)
    contained = em2.deposits.double().sum(dim=1) / 50
    within = (em2.grid.double().sum(dim=(1, 2)) / 50).mean(dim=0).cumsum(dim=0)
    edges = np.arange(1, 51) / 10
    em3 = shoot("testem3", 1 * GeV, 400, pdg=ELECTRON)
    layers = em3.deposits.double()
    stack = shoot("silicon_tungsten", 10 * GeV, 200, pdg=PHOTON).deposits.double()
    visible = stack.sum(dim=1)
    cells = (stack > 0).sum(dim=1).double()
    em2_name, em3_name = "TestEm2, 5 GeV e- in PbWO4", "TestEm3, 1 GeV e- in Pb and LAr"
    stack_name = "Si-W, 10 GeV photons"
    return [
        Number(f"{em2_name}: contained, %", (94.81, 0.18), _mean(contained)),
        Number(
            f"{em2_name}: radius of 90 %, X0",
            (2.97, 0.0),
            (float(np.interp(90, within.numpy(), edges)), 0.0),
        ),
        Number(f"{em3_name}: lead, MeV", (774.03, 1.46), _mean(layers[:, 0::2].sum(dim=1))),
        Number(f"{em3_name}: argon, MeV", (215.74, 1.34), _mean(layers[:, 1::2].sum(dim=1))),
        Number(f"{stack_name}: visible, MeV", (292.0, 1.7), _mean(visible)),
        Number(
            f"{stack_name}: rms / mean",
            (0.080, 0.004),
            (float(visible.std() / visible.mean()), 0.080 / (2 * len(visible)) ** 0.5),
        ),
        Number(f"{stack_name}: cells", (228.0, 0.0), _mean(cells)),
    ]


def _mean(values: torch.Tensor) -> tuple[float, float]:
    return float(values.mean()), float(values.std()) / len(values) ** 0.5


@dataclass(frozen=True)
class LayerShape:
    """Normalised energies per layer of showers.

    Arguments:
        fractions: Of the energy of all showers, with shape (layers,).
        depth: Mean over showers of the mean layer (0, 1, ...), and its error.
    """

    fractions: _Array
    depth: tuple[float, float]

    @classmethod
    def of(cls, layers: _Array) -> LayerShape:
        """Of energies (showers, layers)."""
        share = layers / layers.sum(axis=1, keepdims=True)
        depth = share @ np.arange(layers.shape[1])
        error = float(depth.std(ddof=1)) / len(depth) ** 0.5
        return cls(layers.sum(axis=0) / layers.sum(), (float(depth.mean()), error))


def em_shower(folder: Path, count: int) -> dict[str, tuple[LayerShape, LayerShape]]:
    """Their 2 GeV showers in sodium iodide and ours, by particle.

    Arguments:
        folder: Third-party data.
        count: How many of ours of each particle.
    """
    with np.load(folder / EM_SHOWER) as file:
        layers = file["shower"].astype(np.float64).sum(axis=(2, 3))
        primary = file["primary"]
    shapes = {}
    for pdg, (name, code) in _PRIMARIES.items():
        showers = shoot("em_shower", 2 * GeV, count, pdg=pdg)
        ours = showers.geometry.sum_layers(showers.deposits).numpy()
        shapes[name] = (LayerShape.of(layers[primary == code]), LayerShape.of(ours))
    return shapes
