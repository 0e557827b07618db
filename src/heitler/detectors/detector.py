"""A detector is a readout geometry and a stack of materials.

The stack is read from the face inwards. Each active slab is a sensitive plane; `planes_per_layer`
neighbouring planes are read out together as one layer. The centre of the first layer is z = 0.

A detector file (YAML) has the fields of `Detector`, see ``catalogue/``: the stack as groups of
slabs with a number of repeats, the geometry by its class and arguments. Where the stack is known,
the depths of the layers follow from it; where it is not (ATLAS), the file states them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from heitler.detectors.geometry import CylindricalLayers, Geometry, VoxelGrid
from heitler.detectors.materials import SCALE_ENERGY, Material, material
from heitler.detectors.readout import BarrelReadout, parse_readout

__all__ = ["Detector", "Slab", "detector_names", "load_detector", "parse_detector"]

_CATALOGUE = files("heitler.detectors") / "catalogue"
_GEOMETRIES: dict[str, type[VoxelGrid | CylindricalLayers]] = {
    "VoxelGrid": VoxelGrid,
    "CylindricalLayers": CylindricalLayers,
}
_REQUIRED = {"name", "description", "hit_threshold", "geometry"}
_OPTIONAL = {"references", "impact", "mip", "stack", "planes_per_layer", "readout"}


@dataclass(frozen=True, slots=True)
class Slab:
    """A plate of one material: thickness in mm, `active` where its deposits are read out."""

    material: Material
    thickness: float
    active: bool = False


@dataclass(frozen=True, eq=False)
class Detector:
    """A readout geometry and the stack of materials that it reads.

    Arguments:
        name: Name in the catalogue.
        description: One sentence.
        geometry: The cells.
        stack: Plates from the face inwards; empty where it is not published.
        planes_per_layer: Number of active plates that are summed into one layer.
        hit_threshold: Energy in MeV above which a cell counts as a hit.
        mip: Most probable deposit of a minimum-ionising particle in a cell in MeV, if known.
        impact: x and y in mm where a beam enters unless told otherwise.
        readout: How a simulation framework numbers the cells, if known.
        definition: The content of the detector's file, which is written into shower files.
    """

    name: str
    description: str
    geometry: Geometry
    stack: tuple[Slab, ...] = field(repr=False)
    planes_per_layer: int
    hit_threshold: float
    mip: float | None
    impact: tuple[float, float]
    readout: BarrelReadout | None = field(repr=False)
    definition: Mapping[str, Any] = field(repr=False)

    def __eq__(self, other: object) -> bool:
        """Detectors are equal when their cells are: name and prose do not matter."""
        if not isinstance(other, Detector):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides the cells: geometry, stack and planes per layer."""
        keys = ("geometry", "stack", "planes_per_layer")
        cells = {key: self.definition[key] for key in keys if key in self.definition}
        return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()

    @property
    def depth(self) -> float:
        """Thickness of the stack in mm."""
        return sum(slab.thickness for slab in self.stack)

    @property
    def face_z(self) -> float:
        """Depth of the front of the stack in mm: 0 or less, since the first layer is at 0."""
        return -_first_layer_depth(self.stack, self.planes_per_layer) if self.stack else 0.0

    @property
    def radiation_lengths(self) -> float:
        """Depth of the stack in units of its materials' radiation length."""
        return sum(slab.thickness / slab.material.radiation_length for slab in self.stack)

    @property
    def radiation_length(self) -> float:
        """Effective X0 of the stack in mm."""
        return self.depth / self.radiation_lengths

    @property
    def moliere_radius(self) -> float:
        """Effective Moliere radius of the stack in mm, see `heitler.detectors.materials`."""
        inverse = sum(
            slab.thickness * slab.material.critical_energy / slab.material.radiation_length
            for slab in self.stack
        )
        return SCALE_ENERGY * self.depth / inverse

    @property
    def critical_energy(self) -> float:
        """Effective critical energy E_s X0 / R_M of the stack in MeV."""
        return SCALE_ENERGY * self.radiation_length / self.moliere_radius


def detector_names() -> list[str]:
    """Names of the detectors in the catalogue, sorted."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _CATALOGUE.iterdir()
        if entry.name.endswith(".yaml")
    )


@cache
def load_detector(name: str) -> Detector:
    """A detector of the catalogue, or of a YAML file of one's own.

    Arguments:
        name: A name from `detector_names()` or a path that ends in ``.yaml``.

    Raises:
        ValueError: There is no such detector, or its file is not a detector.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            msg = f"detector file {name} does not exist"
            raise ValueError(msg)
        try:
            return parse_detector(yaml.safe_load(path.read_text()), source=name)
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            msg = f"{name} is not YAML: {error}"
            raise ValueError(msg) from error
    if name not in detector_names():
        near = get_close_matches(name, detector_names(), n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        msg = f"unknown detector '{name}'; {hint}known are {', '.join(detector_names())}"
        raise ValueError(msg)
    return parse_detector(yaml.safe_load((_CATALOGUE / f"{name}.yaml").read_text()), source=name)


def parse_detector(definition: object, *, source: str = "detector") -> Detector:
    """A detector from the content of its file.

    Arguments:
        definition: The fields of `Detector`; see the module's docstring.
        source: What to call the file in messages.

    Raises:
        ValueError: A key is unknown or missing, or a value makes no sense.
    """
    if not isinstance(definition, Mapping):
        msg = f"{source} does not describe a detector: expected keys and values"
        raise ValueError(msg)  # noqa: TRY004 (the file is wrong, not the call)
    _check_keys(set(definition), _REQUIRED, _OPTIONAL, source)
    stack = _parse_stack(definition.get("stack", []), source)
    planes = int(definition.get("planes_per_layer", 1))
    x, y = definition.get("impact", (0.0, 0.0))
    mip, readout = definition.get("mip"), definition.get("readout")
    geometry = _parse_geometry(definition["geometry"], stack, planes, source)
    return Detector(
        name=str(definition["name"]),
        description=str(definition["description"]),
        geometry=geometry,
        stack=stack,
        planes_per_layer=planes,
        hit_threshold=float(definition["hit_threshold"]),
        mip=None if mip is None else float(mip),
        impact=(float(x), float(y)),
        readout=None if readout is None else parse_readout(readout, geometry, source),
        definition=dict(definition),
    )


def _check_keys(got: set[str], required: set[str], optional: set[str], source: str) -> None:
    if unknown := sorted(got - required - optional):
        msg = f"{source}: unknown key '{unknown[0]}'; known are {sorted(required | optional)}"
        raise ValueError(msg)
    if missing := sorted(required - got):
        msg = f"{source}: key '{missing[0]}' is missing"
        raise ValueError(msg)


def _parse_stack(groups: list[dict[str, Any]], source: str) -> tuple[Slab, ...]:
    slabs: list[Slab] = []
    for group in groups:
        _check_keys(set(group), {"slabs"}, {"repeat"}, f"{source}, stack")
        once = []
        for slab in group["slabs"]:
            _check_keys(set(slab), {"material", "thickness"}, {"active"}, f"{source}, slab")
            thickness = float(slab["thickness"])
            if thickness <= 0:
                msg = f"{source}: a slab of {slab['material']} is {thickness} mm thick"
                raise ValueError(msg)
            once.append(Slab(material(slab["material"]), thickness, bool(slab.get("active"))))
        slabs += once * int(group.get("repeat", 1))
    return tuple(slabs)


def _layer_depths(stack: tuple[Slab, ...], planes_per_layer: int) -> list[float]:
    """Centre of each layer below the face in mm: the mean over its planes."""
    centres, depth = [], 0.0
    for slab in stack:
        if slab.active:
            centres.append(depth + slab.thickness / 2)
        depth += slab.thickness
    groups = range(0, len(centres), planes_per_layer)
    return [sum(centres[i : i + planes_per_layer]) / planes_per_layer for i in groups]


def _first_layer_depth(stack: tuple[Slab, ...], planes_per_layer: int) -> float:
    return _layer_depths(stack, planes_per_layer)[0]


def _parse_geometry(
    definition: Mapping[str, Any], stack: tuple[Slab, ...], planes: int, source: str
) -> Geometry:
    arguments = dict(definition)
    kind = arguments.pop("type", None)
    if kind not in _GEOMETRIES:
        msg = f"{source}: geometry type '{kind}'; known are {sorted(_GEOMETRIES)}"
        raise ValueError(msg)
    if stack:
        depths = _layer_depths(stack, planes)
        arguments["layer_z"] = [depth - depths[0] for depth in depths]
    try:
        return _GEOMETRIES[kind](**arguments)
    except TypeError as error:
        msg = f"{source}, geometry: {error}"
        raise ValueError(msg) from error
