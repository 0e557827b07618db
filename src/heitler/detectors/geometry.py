"""Readout geometries: the only place that knows cells.

Shower frame: z along the depth with the first layer at 0, x and y lateral, all in mm. Cells are
numbered layer by layer. Inside a layer a `VoxelGrid` runs over rows (y) and then columns (x); a
`CylindricalLayers` runs over angles (alpha) and then radii, the order of the CaloChallenge.

"Flat" is an array (..., cells), "grid" an array (..., *grid_shape). Both views hold the same
energy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from math import pi

import torch
from torch import Tensor

__all__ = ["CylindricalLayers", "Geometry", "VoxelGrid"]


class Geometry(ABC):
    """The cells of a calorimeter.

    Attributes:
        layer_z: Depth of the centre of each layer in mm, with shape (layers,).
        layer_ids: Number of each layer in its detector; these may have gaps.
    """

    layer_z: Tensor
    layer_ids: tuple[int, ...]

    def __init__(self, layer_z: Sequence[float], layer_ids: Sequence[int] | None) -> None:
        self.layer_z = torch.tensor(list(layer_z), dtype=torch.float64)
        if self.layer_z.numel() == 0 or bool((self.layer_z.diff() <= 0).any()):
            msg = f"layer depths must increase, got {list(layer_z)}"
            raise ValueError(msg)
        self.layer_ids = tuple(range(len(layer_z)) if layer_ids is None else layer_ids)
        if len(self.layer_ids) != len(layer_z):
            msg = f"{len(layer_z)} layer depths but {len(self.layer_ids)} layer numbers"
            raise ValueError(msg)

    @property
    @abstractmethod
    def grid_shape(self) -> tuple[int, int, int]:
        """(layers, y, x) or (layers, alpha, r); the largest layer decides."""

    @property
    @abstractmethod
    def cell_centres(self) -> Tensor:
        """Centres of the cells in mm, with shape (cells, 3)."""

    @property
    @abstractmethod
    def layer_of_cell(self) -> Tensor:
        """Index of the layer of each cell (0, 1, ... without gaps), with shape (cells,)."""

    @abstractmethod
    def to_grid(self, deposits: Tensor) -> Tensor:
        """Flat (..., cells) to grid (..., *grid_shape); places without a cell are 0."""

    @abstractmethod
    def from_grid(self, grid: Tensor) -> Tensor:
        """Grid (..., *grid_shape) to flat (..., cells): the inverse of `to_grid`."""

    @abstractmethod
    def locate_in(self, layer: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Index of the cell of a given layer that holds each point.

        Arguments:
            layer: Index of the layer, -1 for points outside, with shape (...).
            x: In mm, likewise.
            y: In mm, likewise.

        Returns:
            Cell indices with shape (...), -1 for points outside.
        """

    def locate(self, position: Tensor) -> Tensor:
        """Index of the cell that holds each position.

        A point belongs to the layer whose centre is nearest in depth.

        Arguments:
            position: Points in mm, with shape (..., 3).

        Returns:
            Cell indices with shape (...), -1 for points outside.
        """
        x, y, z = position.unbind(-1)
        return self.locate_in(self._nearest_layer(z), x, y)

    @cached_property
    def layer_sizes(self) -> tuple[int, ...]:
        """Number of cells of each layer."""
        return tuple(torch.bincount(self.layer_of_cell, minlength=self.layers).tolist())

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self.layer_z.numel()

    @cached_property
    def cells(self) -> int:
        """Number of cells."""
        return sum(self.layer_sizes)

    def __repr__(self) -> str:
        layers, first, second = self.grid_shape
        return f"{type(self).__name__}({layers} layers, up to {first} x {second} cells)"

    def sum_layers(self, deposits: Tensor) -> Tensor:
        """Energy per layer: flat (..., cells) to (..., layers), in float64."""
        parts = torch.split(deposits.double(), list(self.layer_sizes), dim=-1)
        return torch.stack([part.sum(dim=-1) for part in parts], dim=-1)

    def _nearest_layer(self, z: Tensor) -> Tensor:
        """Index of the nearest layer, -1 more than half a layer outside the first or last.

        A single layer has no neighbour that would tell where it ends: it takes every depth.
        """
        centres = self.layer_z
        if self.layers == 1:
            return torch.zeros_like(z, dtype=torch.int64)
        middle = (centres[1:] + centres[:-1]) / 2
        layer = torch.bucketize(z.double().contiguous(), middle)
        first = centres[0] - (middle[0] - centres[0])
        last = centres[-1] + (centres[-1] - middle[-1])
        return torch.where((z < first) | (z >= last), -1, layer)


class VoxelGrid(Geometry):
    """Layers of equal rectangular cells, centred on the z axis.

    Arguments:
        rows: Number of cells along y.
        columns: Number of cells along x.
        cell: Size of a cell along y and x in mm.
        layer_z: Depth of the centre of each layer in mm.
        layer_ids: Number of each layer in the detector, by default 0, 1, ...
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        cell: tuple[float, float],
        *,
        layer_z: Sequence[float],
        layer_ids: Sequence[int] | None = None,
    ) -> None:
        super().__init__(layer_z, layer_ids)
        if rows < 1 or columns < 1 or min(cell) <= 0:
            msg = f"a voxel grid needs cells of positive size, got {rows} x {columns} of {cell} mm"
            raise ValueError(msg)
        self.rows, self.columns = rows, columns
        self.cell = (float(cell[0]), float(cell[1]))

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(layers, rows, columns)."""
        return (self.layers, self.rows, self.columns)

    @cached_property
    def row_y(self) -> Tensor:
        """Centres of the rows in mm, with shape (rows,)."""
        return _centres(self.rows, self.cell[0])

    @cached_property
    def column_x(self) -> Tensor:
        """Centres of the columns in mm, with shape (columns,)."""
        return _centres(self.columns, self.cell[1])

    @cached_property
    def cell_centres(self) -> Tensor:
        """Centres of the cells in mm, with shape (cells, 3)."""
        z, y, x = torch.meshgrid(self.layer_z, self.row_y, self.column_x, indexing="ij")
        return torch.stack([x, y, z], dim=-1).reshape(-1, 3)

    @cached_property
    def layer_of_cell(self) -> Tensor:
        """Index of the layer of each cell, with shape (cells,)."""
        return torch.arange(self.layers).repeat_interleave(self.rows * self.columns)

    def to_grid(self, deposits: Tensor) -> Tensor:
        """Flat (..., cells) to grid (..., layers, rows, columns), without a copy."""
        return deposits.reshape(*deposits.shape[:-1], *self.grid_shape)

    def from_grid(self, grid: Tensor) -> Tensor:
        """Grid (..., layers, rows, columns) to flat (..., cells), without a copy."""
        return grid.reshape(*grid.shape[:-3], -1)

    def locate_in(self, layer: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Index of the cell of a given layer that holds each point in mm, -1 outside: (...)."""
        row, column = y / self.cell[0] + self.rows / 2, x / self.cell[1] + self.columns / 2
        inside = (layer >= 0) & (row >= 0) & (row < self.rows)
        inside &= (column >= 0) & (column < self.columns)
        # What is inside is not negative, so cutting off the fraction goes down.
        cell = (layer * self.rows + row.int()) * self.columns + column.int()
        return torch.where(inside, cell, -1)


class CylindricalLayers(Geometry):
    """Layers of rings that are cut into equal angles, as in the CaloChallenge (2410.21611).

    Angles alpha are measured from the x axis in [-pi, pi).

    Arguments:
        radial_edges: Edges of the rings of each layer in mm, increasing; one list for all
            layers where they are alike.
        angular_bins: Number of equal angles of each layer; one number in a list likewise.
        layer_z: Depth of the centre of each layer in mm.
        layer_ids: Number of each layer in the detector, by default 0, 1, ...
    """

    def __init__(
        self,
        radial_edges: Sequence[Sequence[float]],
        angular_bins: Sequence[int],
        *,
        layer_z: Sequence[float],
        layer_ids: Sequence[int] | None = None,
    ) -> None:
        super().__init__(layer_z, layer_ids)
        if len(radial_edges) == len(angular_bins) == 1:
            radial_edges = list(radial_edges) * self.layers
            angular_bins = list(angular_bins) * self.layers
        if not len(radial_edges) == len(angular_bins) == self.layers:
            msg = (
                f"{self.layers} layers need as many lists of radial edges and angular bins, got "
                f"{len(radial_edges)} and {len(angular_bins)}"
            )
            raise ValueError(msg)
        self.radial_edges = tuple(torch.tensor(e, dtype=torch.float64) for e in radial_edges)
        self.angular_bins = tuple(int(bins) for bins in angular_bins)
        for layer, (edges, bins) in enumerate(
            zip(self.radial_edges, self.angular_bins, strict=True)
        ):
            if edges.numel() < 2 or bool((edges.diff() <= 0).any()) or edges[0] < 0 or bins < 1:
                msg = f"layer {layer}: radial edges must increase from 0, got {edges.tolist()}"
                raise ValueError(msg)

    @cached_property
    def radial_bins(self) -> tuple[int, ...]:
        """Number of rings of each layer."""
        return tuple(edges.numel() - 1 for edges in self.radial_edges)

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(layers, angles, radii) of the layer with most angles and of that with most radii."""
        return (self.layers, max(self.angular_bins), max(self.radial_bins))

    @cached_property
    def cell_centres(self) -> Tensor:
        """Centres of the cells in mm: middle of ring and angle, with shape (cells, 3)."""
        parts = []
        for edges, bins, z in zip(self.radial_edges, self.angular_bins, self.layer_z, strict=True):
            middle = (edges[1:] + edges[:-1]) / 2
            angle = -pi + (torch.arange(bins, dtype=torch.float64) + 0.5) * 2 * pi / bins
            alpha, r = torch.meshgrid(angle, middle, indexing="ij")
            xyz = torch.stack([r * alpha.cos(), r * alpha.sin(), z.expand_as(r)], dim=-1)
            parts.append(xyz.reshape(-1, 3))
        return torch.cat(parts)

    @cached_property
    def layer_of_cell(self) -> Tensor:
        """Index of the layer of each cell, with shape (cells,)."""
        sizes = [a * r for a, r in zip(self.angular_bins, self.radial_bins, strict=True)]
        return torch.arange(self.layers).repeat_interleave(torch.tensor(sizes))

    @cached_property
    def _place_in_grid(self) -> Tensor:
        """Index of each cell in the flattened grid, with shape (cells,)."""
        _, angles, radii = self.grid_shape
        places = []
        for layer, (a, r) in enumerate(zip(self.angular_bins, self.radial_bins, strict=True)):
            start = layer * angles * radii
            places.append(start + torch.arange(a)[:, None] * radii + torch.arange(r)[None, :])
        return torch.cat([place.reshape(-1) for place in places])

    def to_grid(self, deposits: Tensor) -> Tensor:
        """Flat (..., cells) to grid (..., layers, angles, radii); missing cells are 0."""
        layers, angles, radii = self.grid_shape
        grid = deposits.new_zeros(*deposits.shape[:-1], layers * angles * radii)
        grid[..., self._place_in_grid] = deposits
        return grid.reshape(*deposits.shape[:-1], *self.grid_shape)

    def from_grid(self, grid: Tensor) -> Tensor:
        """Grid (..., layers, angles, radii) to flat (..., cells)."""
        return grid.reshape(*grid.shape[:-3], -1)[..., self._place_in_grid]

    def locate_in(self, layer: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Index of the cell of a given layer that holds each point in mm, -1 outside: (...)."""
        x, y = x.double(), y.double()
        radius, alpha = torch.hypot(x, y), torch.atan2(y, x)
        cell = torch.full_like(layer, -1)
        start = 0
        for index, (edges, bins) in enumerate(
            zip(self.radial_edges, self.angular_bins, strict=True)
        ):
            ring = torch.bucketize(radius, edges, right=True) - 1
            angle = ((alpha + pi) / (2 * pi) * bins).long().clamp(max=bins - 1)
            here = (layer == index) & (ring >= 0) & (ring < edges.numel() - 1)
            cell = torch.where(here, start + angle * (edges.numel() - 1) + ring, cell)
            start += bins * (edges.numel() - 1)
        return cell


def _centres(count: int, size: float) -> Tensor:
    return (torch.arange(count, dtype=torch.float64) - (count - 1) / 2) * size
