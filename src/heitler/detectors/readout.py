"""Cell ids: how a simulation framework numbers the cells of a detector.

DD4hep packs the fields of an id into 64 bits, from the lowest bit upwards. A string describes
them: ``name:width`` follows the field before, ``name:offset:width`` jumps to an offset, and a
negative width is that of a signed field (two's complement).

A barrel is a regular polygon of flat modules about the beam axis Z. Module m has the outward
normal n and the tangent t at the azimuth phi,

    phi = azimuth + m step,   n = (cos phi, sin phi, 0),   t = (-sin phi, cos phi, 0).

Cell (i, j) of a layer is centred at t . r = i c_x and Z = j c_y, with c the size of a cell. The
shower frame of a particle has x along t, y along Z and z along n; its axis is the centre of the
cell through which the particle enters the first layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.detectors.geometry import Geometry, VoxelGrid
from heitler.units import degree

__all__ = ["BarrelReadout", "CellIds", "Entry", "parse_readout"]

_Ids = NDArray[np.uint64]
_Numbers = NDArray[np.int64]
_Vectors = NDArray[np.float64]
_KEYS = {"cell_id", "system", "first_layer", "radius", "azimuth", "step"}
_FIELDS = {"system", "module", "layer", "x", "y"}


class CellIds:
    """A description of packed cell ids.

    Arguments:
        description: Such as ``system:8,layer:6,x:32:-16,y:-16``.

    Raises:
        ValueError: It is not such a description, or the fields take more than 64 bits.
    """

    def __init__(self, description: str) -> None:
        self.description = description
        self._fields: dict[str, tuple[int, int]] = {}
        end = 0
        for entry in description.split(","):
            name, *numbers = entry.strip().split(":")
            try:
                offset, width = (end, *map(int, numbers))[-2:]
            except ValueError:
                offset, width = 0, 0
            end = offset + abs(width)
            if not (name and width and len(numbers) <= 2 and offset >= 0 and end <= 64):
                msg = f"'{entry}' of cell ids '{description}' is no field name:width in 64 bits"
                raise ValueError(msg)
            self._fields[name] = (offset, width)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields, from the lowest bit upwards."""
        return tuple(self._fields)

    def decode(self, ids: _Ids, name: str) -> _Numbers:
        """The field `name` of each id, with the shape of `ids`."""
        offset, width = self._fields[name]
        bits = abs(width)
        # Shifted up so that the field's highest bit is the sign, and down again.
        up = ids << np.uint64(64 - offset - bits)
        down = 64 - bits
        signed = up.view(np.int64) >> down if width < 0 else up >> np.uint64(down)
        return signed.astype(np.int64)


class Entry(NamedTuple):
    """How N particles enter a barrel.

    Arguments:
        module: Number of the module, with shape (N,).
        cell: Numbers (i, j) of the cell of entry, with shape (N, 2).
        position: Points of entry in the shower frame in mm, with shape (N, 3).
        direction: Unit vectors in the shower frame, with shape (N, 3).
    """

    module: _Numbers
    cell: _Numbers
    position: _Vectors
    direction: _Vectors


@dataclass(frozen=True, slots=True)
class BarrelReadout:
    """Cell ids of a barrel of flat modules; see the module's docstring.

    Arguments:
        ids: Description of the ids, with the fields system, module, layer, x and y.
        system: Number of the subdetector.
        first_layer: Number of the first layer in the ids.
        radius: Distance of the centre of the first layer from the beam axis in mm.
        azimuth: Azimuth of the normal of module 0 in rad.
        step: Azimuth from one module to the next in rad; negative where they run clockwise.
        geometry: The cells about the shower axis.
    """

    ids: CellIds
    system: int
    first_layer: int
    radius: float
    azimuth: float
    step: float
    geometry: VoxelGrid

    def enter(self, vertex: _Vectors, momentum: _Vectors) -> Entry:
        """How particles enter the first layer.

        Arguments:
            vertex: Points inside of the barrel in mm, with shape (N, 3).
            momentum: In any unit, with shape (N, 3).

        Raises:
            ValueError: A particle flies along the beam axis.
        """
        direction = momentum / np.linalg.norm(momentum, axis=1, keepdims=True)
        phi = self.azimuth + self.step * np.arange(round(2 * np.pi / abs(self.step)))
        zero, one = np.zeros_like(phi), np.ones_like(phi)
        normal = np.stack([np.cos(phi), np.sin(phi), zero], axis=1)
        tangent = np.stack([-np.sin(phi), np.cos(phi), zero], axis=1)
        outward = direction @ normal.T
        if bool((outward.max(axis=1) <= 0).any()):
            msg = "a particle along the beam axis does not enter the barrel"
            raise ValueError(msg)
        # The polygon is convex: the way out is through the first plane on the way.
        ahead = outward > 0
        way = (self.radius - vertex @ normal.T) / np.where(ahead, outward, 1.0)
        module = np.where(ahead, way, np.inf).argmin(axis=1)
        axes = np.stack([tangent, np.stack([zero, zero, one], axis=1), normal], axis=1)[module]
        point = vertex + direction * way[np.arange(len(module)), module][:, None]
        local = np.einsum("nij,nj->ni", axes, point)[:, :2]
        size = np.array(self.geometry.cell[::-1])  # x, y
        cell = np.floor(local / size + 0.5).astype(np.int64)
        position = np.column_stack([local - cell * size, np.zeros(len(module))])
        return Entry(module, cell, position, np.einsum("nij,nj->ni", axes, direction))

    def locate(self, ids: _Ids, entry: Entry, particle: _Numbers) -> _Numbers:
        """Flat index of the cell of each id about the axis of a particle, -1 outside.

        Arguments:
            ids: Cell ids, with shape (n,).
            entry: How the particles entered.
            particle: Index of the particle of each id, with shape (n,).
        """
        layers, rows, columns = self.geometry.grid_shape
        layer = self.ids.decode(ids, "layer") - self.first_layer
        column = self.ids.decode(ids, "x") - entry.cell[particle, 0] + columns // 2
        row = self.ids.decode(ids, "y") - entry.cell[particle, 1] + rows // 2
        inside = self.holds(ids) & (self.ids.decode(ids, "module") == entry.module[particle])
        for number, count in ((layer, layers), (row, rows), (column, columns)):
            inside &= (number >= 0) & (number < count)
        return np.where(inside, (layer * rows + row) * columns + column, -1)

    def holds(self, ids: _Ids) -> NDArray[np.bool_]:
        """Whether each id is of this subdetector, with the shape of `ids`."""
        return np.asarray(self.ids.decode(ids, "system") == self.system)


def parse_readout(definition: Mapping[str, Any], geometry: Geometry, source: str) -> BarrelReadout:
    """The key ``readout`` of a detector's file: angles in degrees, lengths in mm.

    Raises:
        ValueError: A key is unknown or missing, or the cells do not fit.
    """
    if set(definition) != _KEYS:
        wrong = min(set(definition) ^ _KEYS)
        msg = f"{source}, readout: key '{wrong}' is unknown or missing; expected {sorted(_KEYS)}"
        raise ValueError(msg)
    ids = CellIds(str(definition["cell_id"]))
    if missing := sorted(_FIELDS - set(ids.names)):
        msg = f"{source}, readout: cell ids need a field '{missing[0]}'"
        raise ValueError(msg)
    if not isinstance(geometry, VoxelGrid) or not geometry.rows % 2 or not geometry.columns % 2:
        msg = f"{source}: cells about a cell of entry are a grid with odd rows and columns"
        raise ValueError(msg)
    return BarrelReadout(
        ids=ids,
        system=int(definition["system"]),
        first_layer=int(definition["first_layer"]),
        radius=float(definition["radius"]),
        azimuth=float(definition["azimuth"]) * degree,
        step=float(definition["step"]) * degree,
        geometry=geometry,
    )
