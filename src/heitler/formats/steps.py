"""What readers of energies with cell ids share: Geant4 steps, or hits of cells.

One shower per event. The energies of an event go to the cell about the particle's axis that
their cell id names and are summed there, see `heitler.detectors.readout`; the position of a step
is not used. What lies in another subdetector, in another module than that of entry, or beyond the
rows and columns is counted in `left_out`. Time and the position inside of a cell are not kept.

The incident energy is |p|: the momentum is all that the files say.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.detectors import BarrelReadout, Detector, detector_names, load_detector
from heitler.formats.base import ShowerReader
from heitler.formats.hdf5 import naming
from heitler.particles import IncidentParticles
from heitler.showers import Showers

__all__ = ["CellIdReader", "Deposits", "Primaries", "Steps", "merge_within_cell"]

_ELSEWHERE = "points in other subdetectors"
_ENERGY_ELSEWHERE = "energy in other subdetectors"


class Steps(NamedTuple):
    """Steps, or what was merged of them.

    Arguments:
        event: Numbers of the events, with shape (n,).
        cell_id: With shape (n,).
        energy: In MeV, with shape (n,).
        position: In the frame of the detector in mm, with shape (n, 3).
        time: In ns, with shape (n,).
    """

    event: NDArray[np.int64]
    cell_id: NDArray[np.uint64]
    energy: NDArray[np.float64]
    position: NDArray[np.float64]
    time: NDArray[np.float64]


def merge_within_cell(steps: Steps) -> Steps:
    """One entry per event and cell that were hit, by rising event and cell id.

    With the steps k of a cell, E = sum_k E_k, and position and time are means weighted with E_k
    (without weights where E = 0). The energy per event is conserved.
    """
    order = np.lexsort((steps.cell_id, steps.event))
    event, cell = steps.event[order], steps.cell_id[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (event[1:] != event[:-1]) | (cell[1:] != cell[:-1])
    start = first.nonzero()[0]
    group = first.cumsum() - 1
    total = np.bincount(group, steps.energy[order], minlength=len(start)).astype(np.float64)
    weight = np.where(total[group] > 0, steps.energy[order], 1.0)
    whole = np.bincount(group, weight, minlength=len(start))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(group, weight * values[order], minlength=len(start)) / whole

    position = np.stack([mean(axis) for axis in steps.position.T], axis=1)
    return Steps(event[start], cell[start], total, position, mean(steps.time))


class Primaries(NamedTuple):
    """The particle of each event.

    Arguments:
        pdg: Particle codes, with shape (N,).
        momentum: In MeV, with shape (N, 3).
        vertex: In mm, with shape (N, 3).
    """

    pdg: NDArray[np.int64]
    momentum: NDArray[np.float64]
    vertex: NDArray[np.float64]


class Deposits(NamedTuple):
    """Energies of consecutive events.

    Arguments:
        counts: Number of energies of each event, with shape (events,).
        cell_id: With shape (n,), event by event.
        energy: In MeV, with shape (n,).
    """

    counts: NDArray[np.int64]
    cell_id: NDArray[np.uint64]
    energy: NDArray[np.float64]


class CellIdReader(ShowerReader):
    """A reader of energies with cell ids; a convention says how to read its columns.

    Arguments:
        path: The file.
        detector: The detector; by default that of the catalogue which has the file's cell ids.
        pdg: Not to be given: the file states its particles.

    Raises:
        ValueError: The file is not as its convention demands, or its cell ids are of no detector
            that is known; the message names the file.
        OSError: There is no such file.
    """

    def __init__(
        self, path: Path, *, detector: Detector | None = None, pdg: int | None = None
    ) -> None:
        self.path = path
        self.left_out = {"points": 0, "energy": 0.0, _ELSEWHERE: 0, _ENERGY_ELSEWHERE: 0.0}
        self._open_file()
        try:
            with naming(str(path)):
                self._open(detector, pdg)
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _open_file(self) -> None:
        """Opens the file and sets the provenance."""

    @abstractmethod
    def _read_primaries(self) -> Primaries:
        """The particles of all events."""

    @abstractmethod
    def _read_cells(self, start: int, stop: int) -> Deposits:
        """The energies of events `start` to `stop` (exclusive)."""

    def _open(self, detector: Detector | None, pdg: int | None) -> None:
        if pdg is not None:
            msg = "the file states its particles itself; leave the particle out"
            raise ValueError(msg)
        primaries = self._read_primaries()
        count = len(primaries.pdg)
        self.detector = self._known(count) if detector is None else detector
        self._readout = _readout(self.detector)
        self._entry = self._readout.enter(primaries.vertex, primaries.momentum)
        self.particles = IncidentParticles(
            energy=torch.from_numpy(np.linalg.norm(primaries.momentum, axis=1)),
            pdg=torch.from_numpy(primaries.pdg),
            direction=torch.from_numpy(self._entry.direction),
            position=torch.from_numpy(self._entry.position),
        )
        self.provenance["cells"] = (
            "energies summed by cell id about the cell of entry; times and positions in the cell "
            "are not kept"
        )

    def _known(self, count: int) -> Detector:
        """The detector of the catalogue whose cell ids are in the first events."""
        ids = self._read_cells(0, min(count, 10)).cell_id
        known = [load_detector(name) for name in detector_names()]
        fitting = [d for d in known if d.readout and bool(d.readout.holds(ids).any())]
        if len(fitting) != 1:
            names = ", ".join(d.name for d in known if d.readout)
            msg = (
                f"the cell ids are not those of one detector of the catalogue (it knows those of "
                f"{names}); give the file of a detector with a readout (--detector X.yaml)"
            )
            raise ValueError(msg)
        self._assume(f"detector {fitting[0].name}, since it alone has such cell ids")
        return fitting[0]

    def read(self, start: int, stop: int) -> Showers:
        """Showers `start` to `stop` (exclusive, cut at the end of the file).

        Raises:
            ValueError: An energy is negative or not finite, or the file is damaged.
        """
        stop = max(start, min(stop, len(self)))
        with naming(f"{self.path}, showers {start} to {stop - 1}"):
            deposits = self._read_cells(start, stop)
            if not bool(np.all((deposits.energy >= 0) & np.isfinite(deposits.energy))):
                msg = "energies must be finite and not negative"
                raise ValueError(msg)
            summed = torch.from_numpy(self._sum(deposits, start))
            return Showers(summed, self.particles[start:stop], self.detector)

    def _sum(self, deposits: Deposits, start: int) -> NDArray[np.float32]:
        """Energy in each cell, (showers, cells) in MeV."""
        count, cells = len(deposits.counts), self.detector.geometry.cells
        shower = np.repeat(np.arange(count), deposits.counts)
        cell = self._readout.locate(deposits.cell_id, self._entry, shower + start)
        self._leave_out(deposits, cell < 0)
        place = (shower * cells + cell)[cell >= 0]
        summed = np.bincount(place, deposits.energy[cell >= 0], minlength=count * cells)
        return np.asarray(summed.astype(np.float32).reshape(count, cells))

    def _leave_out(self, deposits: Deposits, outside: NDArray[np.bool_]) -> None:
        elsewhere = ~self._readout.holds(deposits.cell_id)
        self.left_out["points"] += int(outside.sum())
        self.left_out["energy"] += float(deposits.energy[outside].sum())
        self.left_out[_ELSEWHERE] += int(elsewhere.sum())
        self.left_out[_ENERGY_ELSEWHERE] += float(deposits.energy[elsewhere].sum())


def _readout(detector: Detector) -> BarrelReadout:
    if detector.readout is None:
        msg = (
            f"detector {detector.name} does not say how its cells are numbered; its file needs a "
            "readout for files with cell ids"
        )
        raise ValueError(msg)
    return detector.readout
