"""What a shower file says about itself besides its data sets: attributes of the root.

The origin of the showers (provenance) is a dictionary. Its plain values are attributes of their
own, as other groups write them (`simulation`, `geant4_cpu_seconds_per_shower`, ...); lists and
dictionaries go as JSON into the attribute `heitler_provenance`. Files that heitler writes, in any
convention, also state the full definition of the detector (`heitler_detector`, JSON), and the
particle code (`heitler_pdg`) where the convention has no place for it, so that they are read back
without being told. Other programs ignore these attributes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from heitler.detectors import Detector, parse_detector

__all__ = ["Origin", "read_origin", "write_origin", "write_provenance"]

_DETECTOR, _PDG, _PROVENANCE = "heitler_detector", "heitler_pdg", "heitler_provenance"
# Marks of a convention, which would make another convention's file look like theirs.
_RESERVED = {_DETECTOR, _PDG, _PROVENANCE, "heitler_format", "showerdata_version"}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says about itself; `detector` and `pdg` are None where it does not."""

    detector: Detector | None
    pdg: int | None
    provenance: dict[str, Any]


def read_origin(file: h5py.File) -> Origin:
    """The origin that the attributes of an open file state.

    Raises:
        ValueError: The detector's definition makes no sense.
    """
    stated = {key: _plain(value) for key, value in file.attrs.items()}
    provenance = {key: value for key, value in stated.items() if key not in _RESERVED}
    provenance |= json.loads(str(stated.get(_PROVENANCE, "{}")))
    definition, pdg = stated.get(_DETECTOR), stated.get(_PDG)
    return Origin(
        detector=None if definition is None else parse_detector(json.loads(str(definition))),
        pdg=pdg if isinstance(pdg, int) else None,
        provenance=provenance,
    )


def write_origin(
    file: h5py.File, detector: Detector, pdg: int | None, provenance: Mapping[str, Any]
) -> None:
    """Writes what `read_origin` reads."""
    file.attrs[_DETECTOR] = json.dumps(detector.definition)
    if pdg is not None:
        file.attrs[_PDG] = pdg
    write_provenance(file, provenance)


def write_provenance(file: h5py.File, provenance: Mapping[str, Any]) -> None:
    """Writes the provenance alone, for files that know of no detector."""
    nested = {}
    for key, value in provenance.items():
        if isinstance(value, str | int | float) and key not in _RESERVED:
            file.attrs[key] = value
        else:
            nested[key] = value
    if nested:
        file.attrs[_PROVENANCE] = json.dumps(nested)


def _plain(value: object) -> object:
    """An attribute's value as Python's own type."""
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return None if isinstance(value, h5py.Empty) else value
