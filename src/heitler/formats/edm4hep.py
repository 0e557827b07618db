"""Calorimeter hits of EDM4hep in ROOT files, as podio writes them.

    tree events, one entry per event, with for each collection C of simulated calorimeter hits
    C/C.cellID              uint64[]   see `heitler.detectors.readout`
    C/C.energy              float[]    GeV
    C/C.contributions_begin uint32[]   what tells such a collection from others
    MCParticles/MCParticles.{PDG, generatorStatus, momentum.x|y|z, vertex.x|y|z}   GeV, mm

All collections of simulated hits are read; the cell id says which of them is the detector's. The
incident particle is the one of generator status 1. uproot alone reads the files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heitler.formats.base import Convention
from heitler.formats.root import open_root
from heitler.formats.steps import CellIdReader, Deposits, Primaries
from heitler.units import GeV, mm

__all__ = ["CONVENTION", "EDM4hepReader", "sniff"]

_TREE, _PARTICLES = "events", "MCParticles"
_STABLE = 1


def sniff(file: Any) -> bool:  # noqa: ANN401 (uproot has no types)
    """Whether there are events with particles and simulated calorimeter hits."""
    if _TREE not in file.keys(cycle=False):
        return False
    return f"{_PARTICLES}/{_PARTICLES}.PDG" in file[_TREE] and bool(_collections(file[_TREE]))


def _collections(tree: Any) -> list[str]:  # noqa: ANN401
    """Names of the collections of simulated calorimeter hits."""
    ending = ".contributions_begin"
    return sorted({key.split("/")[0] for key in tree.keys(filter_name=f"*{ending}") if "/" in key})


class EDM4hepReader(CellIdReader):
    """Reads simulated hits into the cells of a detector."""

    convention = "edm4hep"

    def _open_file(self) -> None:
        self._file = open_root(self.path)
        self._tree = self._file[_TREE]
        self._names = _collections(self._tree)
        self.provenance = {"collections": self._names}

    def _read_primaries(self) -> Primaries:
        import awkward  # noqa: PLC0415

        stable = self._particles("generatorStatus") == _STABLE
        if not bool(awkward.all(awkward.sum(stable, axis=1) == 1)):
            msg = "expected one particle of generator status 1 in each event"
            raise ValueError(msg)

        def column(name: str) -> NDArray[Any]:
            return np.asarray(_flat(self._particles(name)[stable]))

        def vectors(name: str) -> NDArray[np.float64]:
            axes = [column(f"{name}.{axis}") for axis in "xyz"]
            return np.stack(axes, axis=1).astype(np.float64)

        return Primaries(
            pdg=column("PDG").astype(np.int64),
            momentum=vectors("momentum") * GeV,
            vertex=vectors("vertex") * mm,
        )

    def _particles(self, name: str) -> Any:  # noqa: ANN401
        return self._tree[f"{_PARTICLES}/{_PARTICLES}.{name}"].array()

    def _read_cells(self, start: int, stop: int) -> Deposits:
        import awkward  # noqa: PLC0415

        def joined(field: str) -> Any:  # noqa: ANN401
            parts = [
                self._tree[f"{name}/{name}.{field}"].array(entry_start=start, entry_stop=stop)
                for name in self._names
            ]
            return awkward.concatenate(parts, axis=1)

        ids = joined("cellID")
        return Deposits(
            counts=np.asarray(awkward.num(ids)).astype(np.int64),
            cell_id=_flat(ids).astype(np.uint64),
            energy=_flat(joined("energy")).astype(np.float64) * GeV,
        )

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _flat(array: Any) -> NDArray[Any]:  # noqa: ANN401
    """The entries of all events, one after the other."""
    import awkward  # noqa: PLC0415

    return np.asarray(awkward.to_numpy(awkward.flatten(array)))


CONVENTION = Convention(
    name="edm4hep",
    summary="calorimeter hits of EDM4hep in ROOT files (read only; needs heitler[root])",
    layout="ROOT tree events with MCParticles and simulated calorimeter hits",
    units="momentum GeV, energy of hits GeV",
    sniff=sniff,
    reader=EDM4hepReader,
    writer=None,
    container="ROOT",
)
