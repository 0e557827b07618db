"""The binning files of the CaloChallenge and of ATLAS FastCaloSim.

    <Bins><Bin pid="22" etaMin="20" etaMax="25" name="photon">
        <Layer id="0" r_edges="0,5,10,30" n_bin_alpha="1"/> ...

One `Bin` per particle, one `Layer` per layer of the detector. Edges are in mm; angles are equal
parts of [-pi, pi]. ``r_edges="0"``, a single number, means that the layer is absent, and the
numbers of the others keep the gap. The eta bounds do not give the slice that was simulated and are
not used. The depth of the layers is not in the file: a detector of the catalogue with the same
voxels supplies it; otherwise the number of the layer stands in for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import torch

from heitler.detectors import (
    CylindricalLayers,
    Detector,
    Geometry,
    detector_names,
    load_detector,
    parse_detector,
)

__all__ = ["Binning", "read_binning"]


class Binning(NamedTuple):
    """A detector with the particle whose showers it was made for."""

    detector: Detector
    pdg: int


def read_binning(path: str | Path, particle: str | None = None) -> Binning:
    """The detector that a binning file describes.

    Arguments:
        path: The XML file.
        particle: `name` or `pid` of the `Bin`; may be left out where there is only one.

    Raises:
        ValueError: The file is not a binning, or `particle` does not select one `Bin`.
        OSError: There is no such file.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 (expat limits entity expansion)
    except ET.ParseError as error:
        msg = f"{path} is not a binning file: {error}"
        raise ValueError(msg) from error
    try:
        chosen = _select(root, particle)
        return Binning(_detector(Path(path).stem, chosen), int(chosen.attrib["pid"]))
    except KeyError as error:
        msg = f"{path} is not a binning file: attribute {error} is missing"
        raise ValueError(msg) from error
    except ValueError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def _select(root: ET.Element, particle: str | None) -> ET.Element:
    bins = root.findall("Bin")
    chosen = [
        entry
        for entry in bins
        if particle is None or particle in {entry.get("name"), entry.get("pid")}
    ]
    if len(chosen) != 1:
        names = ", ".join(f"{entry.get('name')} ({entry.get('pid')})" for entry in bins) or "none"
        wanted = "one particle" if particle is None else f"one '{particle}'"
        msg = f"expected {wanted} in the binning, it has {names}; say which (--particle NAME)"
        raise ValueError(msg)
    return chosen[0]


def _detector(name: str, chosen: ET.Element) -> Detector:
    edges, angles, ids = [], [], []
    for layer in chosen.findall("Layer"):
        radii = [float(word) for word in layer.attrib["r_edges"].split(",")]
        if len(radii) > 1:
            edges.append(radii)
            angles.append(int(layer.attrib["n_bin_alpha"]))
            ids.append(int(layer.attrib["id"]))
    detector = parse_detector(
        {
            "name": name,
            "description": "Voxels of a binning file; layer numbers stand in for depths.",
            "hit_threshold": 0.0,
            "geometry": {
                "type": "CylindricalLayers",
                "radial_edges": edges,
                "angular_bins": angles,
                "layer_z": [float(number) for number in ids],
                "layer_ids": ids,
            },
        }
    )
    known = (load_detector(entry) for entry in detector_names())
    return next((d for d in known if _same_voxels(d.geometry, detector.geometry)), detector)


def _same_voxels(one: Geometry, other: Geometry) -> bool:
    return (
        isinstance(one, CylindricalLayers)
        and isinstance(other, CylindricalLayers)
        and one.layer_ids == other.layer_ids
        and one.angular_bins == other.angular_bins
        and all(map(torch.equal, one.radial_edges, other.radial_edges))
    )
