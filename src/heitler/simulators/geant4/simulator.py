"""The simulator that asks Geant4.

Plates lie in air, one behind the other as in the detector's stack: boxes for a voxel grid, and
discs about the z axis for cylindrical layers. They are `margin` wider than the cells on each side,
so that the window of the cells and not the material cuts showers. Inside the window, active
plates are cut into rows and cells, or sectors and rings; the deposits of the `planes_per_layer`
plates of a layer are summed.
Particles start a micrometre before the face, in the direction of their flight.

Shower i of a call starts from four words of numpy's ``SeedSequence((seed, i))``: the same shower
for any number of workers and of showers.
"""

from __future__ import annotations

import sys
import weakref
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np
import torch

from heitler.detectors import Detector, material
from heitler.hits import Hits
from heitler.particles import ELECTRON, PHOTON, POSITRON, IncidentParticles
from heitler.showers import Showers, SparseShowers
from heitler.simulators.geant4 import worker
from heitler.simulators.geant4.children import Children
from heitler.simulators.geant4.data import Geant4Data
from heitler.simulators.geant4.forms import form_of, on_plates
from heitler.units import GeV, keV

__all__ = ["Geant4Simulator", "shower_seeds"]

_PARTICLES = {PHOTON, ELECTRON, POSITRON}
_ENERGIES = (1 * keV, 1e5 * GeV)
_TASK = 10  # showers; what is made again when a child dies
_SHARES = 8  # tasks for each child, so that none waits long for the others
_ON_FACE = 1e-3  # mm


class Geant4Simulator:
    """Full simulation of electromagnetic showers.

    Arguments:
        detector: A voxel grid, or cylindrical layers that are all cut into the same rings of equal
            width, with a stack.
        data: Folder of Geant4's data; by default that of ``HEITLER_GEANT4_DATA``.
        workers: Number of processes; it does not change the showers.
        cut: Production cut in mm.
        margin: What plates are wider than the cells on each side in mm.

    Raises:
        ValueError: Geant4 cannot be given this detector, or its data are missing
            (`MissingDataError`).
        ImportError: The Python bindings of Geant4 are not installed.
    """

    grain: ClassVar[int] = 1

    def __init__(
        self,
        detector: Detector,
        *,
        data: Path | str | None = None,
        workers: int = 1,
        cut: float = 0.7,
        margin: float = 225.0,
    ) -> None:
        self.detector = detector
        self._setup = _setup(detector, cut=cut, margin=margin)
        if find_spec("geant4_pybind") is None:
            msg = "Geant4 needs geant4_pybind: pip install 'heitler[geant4]'"
            raise ImportError(msg)
        self._data = Geant4Data.find(data)
        self._data.check(self._elements)
        self._margin = margin
        self._workers = workers
        self._seconds_per_shower = 0.0
        self._children = Children(
            [sys.executable, "-P", worker.__file__],
            environment=self._data.environment,
            setup=self._setup.message,
            workers=workers,
        )
        self._finalizer = weakref.finalize(self, self._children.close)

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """The showers of `simulate_sparse` with a number for every cell."""
        return self.simulate_sparse(incident, seed=seed).dense()

    def simulate_sparse(
        self, incident: IncidentParticles, *, seed: int, first: int = 0
    ) -> SparseShowers:
        """One shower for each particle.

        Arguments:
            incident: Photons, electrons and positrons on the detector's face.
            seed: Seed of the showers.
            first: Number of the first shower among those of the seed.

        Raises:
            ValueError: There are other particles, or the seed is negative.
            ChildProcessError: Geant4 dies on some of them again and again.
        """
        self._check(incident)
        seeds = shower_seeds(seed, len(incident), first=first)
        columns = (incident.energy, incident.pdg, incident.direction, incident.position)
        arrays = [*(column.numpy() for column in columns), seeds]
        size = max(1, min(_TASK, len(incident) // (_SHARES * self._workers)))
        tasks = [
            tuple(array[start : start + size] for array in arrays)
            for start in range(0, len(incident), size)
        ]
        answers = [worker.Hits(*answer) for answer in self._children.work(tasks)]
        self._seconds_per_shower = sum(a.seconds for a in answers) / max(1, len(incident))
        parts = [
            Hits(
                torch.from_numpy(np.concatenate([[0], answer.counts.cumsum()])),
                torch.from_numpy(answer.cells),
                torch.from_numpy(answer.energies),
            )
            for answer in answers
        ]
        return SparseShowers(Hits.concatenate(parts), incident, self.detector)

    def measured(self) -> dict[str, float]:
        """CPU seconds per shower of the last call."""
        return {"geant4_cpu_seconds_per_shower": self._seconds_per_shower}

    def provenance(self) -> dict[str, Any]:
        """What a file of these showers says about its origin; asks a child for its version."""
        nothing = worker.Task(
            np.zeros(0),
            np.zeros(0, np.int64),
            np.zeros((0, 3)),
            np.zeros((0, 3)),
            shower_seeds(0, 0),
        )
        (answer,) = self._children.work([tuple(nothing)])
        geant4 = worker.Hits(*answer).version
        cut = self._setup.cut
        return {
            "simulator": "geant4",
            "simulation": (
                f"Geant4 {geant4}, {worker.PHYSICS} with option0 step parameters, no Rayleigh, "
                f"production cut {cut:g} mm"
            ),
            "geant4": geant4,
            "geant4_pybind": version("geant4_pybind"),
            "geant4_physics": worker.PHYSICS,
            "geant4_commands": list(worker.COMMANDS),
            "geant4_data_sha256": self._data.checksum(self._elements),
            "production_cut_mm": cut,
            "margin_mm": self._margin,
            "seeds": "per shower: SeedSequence((seed of its block, number in the block))",
        }

    def close(self) -> None:
        """Ends the children; they start again when there is work."""
        self._children.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _elements(self) -> set[int]:
        return {z for elements in self._setup.elements.values() for z in elements}

    def _check(self, incident: IncidentParticles) -> None:
        if other := sorted(set(incident.pdg.tolist()) - _PARTICLES):
            msg = (
                "Geant4 is set up for photons, electrons and positrons (22, 11, -11), got "
                f"particle codes {other}: hadrons need other physics and data"
            )
            raise ValueError(msg)
        low, high = _ENERGIES
        if bool(((incident.energy < low) | (incident.energy > high)).any()):
            msg = f"Geant4 is set up for energies of 1 keV to {high / GeV:g} GeV"
            raise ValueError(msg)
        off = (incident.position[:, 2] - self.detector.face_z).abs() > _ON_FACE
        off |= ~on_plates(self.detector.geometry, self._setup.form, incident.position)
        off |= incident.direction[:, 2] <= 0
        if bool(off.any()):
            first = int(off.nonzero()[0])
            msg = (
                f"particles must enter the face of {self.detector.name} at z = "
                f"{self.detector.face_z:g} mm, got particle {first} at "
                f"{incident.position[first].tolist()} mm with the direction "
                f"{incident.direction[first].tolist()}"
            )
            raise ValueError(msg)


def _setup(detector: Detector, *, cut: float, margin: float) -> worker.Setup:
    """What a child builds of a detector."""
    if not detector.stack:
        msg = f"Geant4 needs a stack of materials; {detector.name} has no stack"
        raise ValueError(msg)
    if not (cut > 0 and margin >= 0):
        msg = f"cut must be positive and margin not negative, got {cut} mm and {margin} mm"
        raise ValueError(msg)
    plates, planes = [], 0
    for slab in detector.stack:
        layer = planes // detector.planes_per_layer if slab.active else -1
        plates.append(worker.Plate(slab.material.geant4, slab.thickness, layer))
        planes += slab.active
    used = {slab.material for slab in detector.stack} | {material("air")}
    return worker.Setup(
        plates=tuple(plates),
        face_z=detector.face_z,
        layers=detector.geometry.layers,
        form=form_of(detector.geometry, margin),
        cut=cut,
        elements={entry.geant4: entry.elements for entry in used},
    )


def shower_seeds(seed: int, count: int, *, first: int = 0) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The four words from which each shower starts: (count, 4).

    Shower i has the words of numpy's ``SeedSequence((seed, i))``.

    Arguments:
        seed: Seed of the call; of a file's block it is ``block_seed(seed of the file, block, 1)``.
        count: How many showers.
        first: Number of the first one.

    Raises:
        ValueError: The seed is negative.
    """
    if seed < 0:
        msg = f"a seed must not be negative, got {seed}"
        raise ValueError(msg)
    numbers = range(first, first + count)
    words = [np.random.SeedSequence((seed, i)).generate_state(4, np.uint32) for i in numbers]
    return np.array(words, dtype=np.uint32).reshape(count, 4)
