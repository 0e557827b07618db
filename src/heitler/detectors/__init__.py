"""Detectors: readout geometries, materials, and a catalogue of both."""

from heitler.detectors.detector import (
    Detector,
    Slab,
    detector_names,
    load_detector,
    parse_detector,
)
from heitler.detectors.geometry import CylindricalLayers, Geometry, VoxelGrid
from heitler.detectors.materials import MATERIALS, Material, material
from heitler.detectors.readout import BarrelReadout, CellIds

__all__ = [
    "MATERIALS",
    "BarrelReadout",
    "CellIds",
    "CylindricalLayers",
    "Detector",
    "Geometry",
    "Material",
    "Slab",
    "VoxelGrid",
    "detector_names",
    "load_detector",
    "material",
    "parse_detector",
]
