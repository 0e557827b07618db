"""Geant4 steps of the package step2point (fast-sim), as they are or merged within cells.

    steps/energy        (n,) float32     GeV
    steps/position      (n, 3) float32   mm, in the frame of the detector
    steps/cell_id       (n,) uint64      see `heitler.detectors.readout`
    steps/event_id      (n,) int32       not falling
    steps/time          (n,) float32     ns, optional
    primary/event_id    (N,) int32
    primary/pdg         (N,) int32
    primary/momentum    (N, 3) float32   GeV
    primary/vertex      (N, 3) float32   mm

Other columns (`pdg`, `subdetector`, `mcparticle_id`, ...) are not read: the cell id names the
subdetector. Merged files have the same keys and give the same showers. There is no writer, since
cells cannot be turned back into steps.
"""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from heitler.formats.base import Convention
from heitler.formats.hdf5 import dataset, has_dataset, open_hdf5
from heitler.formats.origin import read_origin
from heitler.formats.steps import CellIdReader, Deposits, Primaries, Steps
from heitler.units import GeV, mm, ns

__all__ = ["CONVENTION", "Step2PointReader", "sniff"]


def sniff(file: h5py.File) -> bool:
    """Whether there are steps and primary particles."""
    steps, primary = file.get("steps"), file.get("primary")
    return (
        isinstance(steps, h5py.Group)
        and isinstance(primary, h5py.Group)
        and has_dataset(steps, "energy", 1)
        and has_dataset(steps, "event_id", 1)
        and has_dataset(primary, "momentum", 2)
    )


class Step2PointReader(CellIdReader):
    """Reads steps into the cells of a detector."""

    convention = "step2point"

    def _open_file(self) -> None:
        self._file = open_hdf5(self.path)
        self.provenance = read_origin(self._file).provenance

    def _read_primaries(self) -> Primaries:
        steps, primary = self._file["steps"], self._file["primary"]
        if "cell_id" not in steps:
            msg = "steps without 'cell_id' cannot be summed within cells; write the file with it"
            raise ValueError(msg)
        event = dataset(primary, "event_id")[...].astype(np.int64)
        of_step = dataset(steps, "event_id")[...]
        if bool((np.diff(event) <= 0).any()) or bool((np.diff(of_step) < 0).any()):
            msg = (
                "expected one primary particle per event, and primaries and steps by rising event"
            )
            raise ValueError(msg)
        if not bool(np.isin(of_step, event).all()):
            msg = "there are steps of events that have no primary particle"
            raise ValueError(msg)
        self._offset = np.append(np.searchsorted(of_step, event), len(of_step))
        return Primaries(
            pdg=dataset(primary, "pdg")[...].astype(np.int64),
            momentum=_column(primary, "momentum") * GeV,
            vertex=_column(primary, "vertex") * mm,
        )

    def _read_cells(self, start: int, stop: int) -> Deposits:
        offset, steps = self._offset[start : stop + 1], self._file["steps"]
        part = slice(offset[0], offset[-1])
        return Deposits(
            counts=np.diff(offset),
            cell_id=dataset(steps, "cell_id")[part].astype(np.uint64),
            energy=dataset(steps, "energy")[part].astype(np.float64) * GeV,
        )

    def read_steps(self) -> Steps:
        """All steps of the file, for `heitler.formats.steps.merge_within_cell`.

        Raises:
            ValueError: A column is missing.
        """
        steps = self._file["steps"]
        return Steps(
            event=dataset(steps, "event_id")[...].astype(np.int64),
            cell_id=dataset(steps, "cell_id")[...].astype(np.uint64),
            energy=_column(steps, "energy") * GeV,
            position=_column(steps, "position") * mm,
            time=_column(steps, "time") * ns,
        )

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _column(group: h5py.Group, key: str) -> NDArray[np.float64]:
    return np.asarray(dataset(group, key)[...].astype(np.float64))


CONVENTION = Convention(
    name="step2point",
    summary="Geant4 steps with cell ids of step2point, plain or merged within cells (read only)",
    layout="group steps of energy and event_id, group primary of momentum",
    units="momentum GeV, energy of steps GeV, position mm, time ns",
    sniff=sniff,
    reader=Step2PointReader,
    writer=None,
)
