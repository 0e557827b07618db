r"""Form of Geant4's plates and cells for the geometry of a detector.

A voxel grid becomes boxes: a window of the cells, cut into rows along y and these along x.
Cylindrical layers become discs about the z axis: cut into sectors of equal angle, and these into
rings of equal width. The first sector of `CylindricalLayers` begins at alpha = -pi and that of
Geant4 at 0, so the window is turned by pi. Plates are `margin` wider than the window.

The discs are flat. Showers of the CaloChallenge come from curved layers (a barrel about the beam
line, Geant4's example Par04), of which the cells follow the particle's direction; near the
axis of a shower both are the same, as the radius of the barrel, 800 mm, is large beside the
42 mm of the mesh.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Geometry, VoxelGrid
from heitler.simulators.geant4 import worker

__all__ = ["form_of", "on_plates"]


def form_of(geometry: Geometry, margin: float) -> worker.Form:
    """Form of the plates whose windows have the cells of a geometry.

    Arguments:
        geometry: A voxel grid, or cylindrical layers that are cut alike into even rings.
        margin: What plates are wider than the cells on each side in mm.

    Raises:
        ValueError: Layers differ, or rings are uneven or leave a hole.
    """
    if isinstance(geometry, VoxelGrid):
        return _boxes(geometry, margin)
    if isinstance(geometry, CylindricalLayers) and _is_even(geometry):
        return _discs(geometry, margin)
    msg = (
        "Geant4 builds voxel grids, and cylindrical layers with the same angles and the same "
        "rings of equal width from radius 0 in all layers; these are not: "
        f"{geometry}"
    )
    raise ValueError(msg)


def on_plates(geometry: Geometry, form: worker.Form, position: Tensor) -> Tensor:
    """Whether points are within the plates' outline: (...).

    Arguments:
        geometry: What the form was made of.
        form: Form of the plates.
        position: Points in mm, with shape (..., 3).
    """
    x, y = position[..., 0], position[..., 1]
    if isinstance(geometry, CylindricalLayers):
        return torch.hypot(x, y) < form.half[0]
    return (x.abs() < form.half[0]) & (y.abs() < form.half[1])


def _boxes(geometry: VoxelGrid, margin: float) -> worker.Form:
    dy, dx = geometry.cell
    x, y = geometry.columns * dx / 2, geometry.rows * dy / 2
    half = (x + margin, y + margin)
    return worker.Form(
        half=half,
        solids=tuple(
            ("G4Box", size, ()) for size in (half, (x, y), (x, dy / 2), (dx / 2, dy / 2))
        ),
        axes=("kYAxis", "kXAxis"),
        cells=(geometry.rows, geometry.columns),
        size=geometry.cell,
        turn=0.0,
    )


def _discs(geometry: CylindricalLayers, margin: float) -> worker.Form:
    _, sectors, rings = geometry.grid_shape
    radius = float(geometry.radial_edges[0][-1])
    angle, width = 2 * pi / sectors, radius / rings
    outer, whole, sector = radius + margin, (0.0, 2 * pi), (-angle / 2, angle)
    return worker.Form(
        half=(outer, outer),
        solids=tuple(
            ("G4Tubs", (0.0, to), phi)
            for to, phi in ((outer, whole), (radius, whole), (radius, sector), (width, sector))
        ),
        axes=("kPhi", "kRho"),
        cells=(sectors, rings),
        size=(angle, width),
        turn=pi,
    )


def _is_even(geometry: CylindricalLayers) -> bool:
    """Whether all layers have the same angles and rings of equal width, without a hole."""
    last = geometry.radial_edges[0]
    even = torch.linspace(0.0, float(last[-1]), len(last), dtype=torch.float64)
    return len(set(geometry.angular_bins)) == 1 and all(
        len(edges) == len(even) and torch.allclose(edges, even, rtol=1e-9)
        for edges in geometry.radial_edges
    )
