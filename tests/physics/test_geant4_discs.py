"""Geant4 in cylindrical layers: sectors and rings hold what rectangular cells hold."""

import numpy as np
import pytest
import torch

from heitler.detectors import load_detector, parse_detector
from heitler.particles import ELECTRON, POSITRON

pytestmark = pytest.mark.geant4

RINGS, WIDTH, SECTORS = 9, 4.65, 16


def sampling(absorber, active, *, cells, layers=12):
    """Plates of 0.8 X0 of an absorber, each before an active one."""
    x0 = {"lead": 5.6, "tungsten": 3.5, "iron": 17.6, "copper": 14.4}[absorber]
    slabs = [
        {"material": absorber, "thickness": 0.8 * x0},
        {"material": active, "thickness": 2.0, "active": True},
    ]
    return block([{"repeat": layers, "slabs": slabs}], cells)


def block(stack, cells):
    return parse_detector(
        {
            "name": "block",
            "description": "A block.",
            "hit_threshold": 0.1,
            "stack": stack,
            "geometry": cells,
        }
    )


def discs(rings=RINGS, width=WIDTH, sectors=SECTORS):
    edges = [i * width for i in range(rings + 1)]
    return {"type": "CylindricalLayers", "angular_bins": [sectors], "radial_edges": [edges]}


def boxes(cells=90, cell=WIDTH / 5):
    return {"type": "VoxelGrid", "rows": cells, "columns": cells, "cell": [cell, cell]}


def pull(a, b):
    """Difference of two means in standard deviations: (...) of (showers, ...)."""
    error = (a.var(dim=0) / len(a) + b.var(dim=0) / len(b)).sqrt()
    return (a.mean(dim=0) - b.mean(dim=0)) / error


def rebinned(showers, geometry):
    """Deposits of boxes in the cells of another geometry that hold their centres."""
    cell = geometry.locate(showers.geometry.cell_centres)
    sums = torch.zeros(len(showers), geometry.cells, dtype=torch.float64)
    return sums.index_add_(1, cell[cell >= 0], showers.deposits.double()[:, cell >= 0])


@pytest.mark.parametrize(
    ("absorber", "active"),
    [
        ("tungsten", "silicon"),
        ("lead", "plastic_scintillator"),
        ("iron", "plastic_scintillator"),
        ("copper", "liquid_argon"),
    ],
)
def test_discs_see_what_boxes_see(absorber, active, shoot):
    """Layers, rings and the sum within the outermost ring, of independent showers."""
    energy, count = 1e3, 60
    shapes = (discs(), boxes())
    two = [sampling(absorber, active, cells=shape) for shape in shapes]
    here, there = (
        shoot(detector, [energy] * count, seed=seed, margin=60.0)
        for seed, detector in enumerate(two)
    )
    geometry = here.geometry
    a, b = here.deposits.double(), rebinned(there, geometry)
    assert abs(float(pull(a.sum(dim=1), b.sum(dim=1)))) < 4
    for view in (geometry.sum_layers, lambda x: geometry.to_grid(x).sum(dim=(1, 2))):
        assert float(pull(view(a), view(b)).abs().max()) < 4.5


def test_the_mesh_of_the_calochallenge(shoot):
    """Data set 2: 45 x 16 x 9 cells about the axis, of which no sector is preferred."""
    detector = load_detector("calochallenge_ds2")
    showers = shoot(detector, [1e3] * 60, pdg=ELECTRON)
    assert showers.grid.shape == (60, 45, 16, 9)
    deposits = showers.deposits.double()
    visible = deposits.sum(dim=1)
    alpha = torch.atan2(*detector.geometry.cell_centres[:, [1, 0]].T)
    for order in (1, 2, 3):
        for wave in (torch.cos, torch.sin):
            moment = deposits @ wave(order * alpha) / visible
            assert abs(float(moment.mean())) < 4 * float(moment.std()) / len(moment) ** 0.5
    # Rings are numbered from the axis outwards.
    rings = showers.grid.double().sum(dim=(0, 1, 2))
    assert bool((rings.diff() < 0).all())


@pytest.mark.parametrize("impact", [(20.0, 10.0), (-20.0, 10.0), (-20.0, -10.0), (20.0, -10.0)])
def test_off_the_axis(impact, shoot):
    detector = sampling("tungsten", "silicon", cells=discs(rings=18, width=2.325, sectors=32))
    deposits = shoot(detector, [1e3] * 25, impact=impact).deposits.double().sum(dim=0)
    hottest = int(deposits[detector.geometry.layer_of_cell == 5].argmax())
    centre = detector.geometry.cell_centres[hottest, :2]
    assert float((centre - torch.tensor(impact)).norm()) < 4.0


@pytest.mark.parametrize("material", ["lead_tungstate", "caesium_iodide", "sodium_iodide"])
@pytest.mark.parametrize("shape", ["discs", "boxes"])
def test_a_homogeneous_detector_keeps_the_energy(material, shape, shoot):
    """25 X0 deep and ten wide: all but some per cent, and never more than came in."""
    x0 = {"lead_tungstate": 8.9, "caesium_iodide": 18.6, "sodium_iodide": 25.9}[material]
    cells = {
        "discs": discs(rings=10, width=x0 / 2, sectors=8),
        "boxes": boxes(cells=20, cell=x0 / 2),
    }[shape]
    slab = {"material": material, "thickness": x0, "active": True}
    detector = block([{"repeat": 25, "slabs": [slab]}], cells)
    showers = shoot(detector, [500.0] * 10, pdg=ELECTRON, margin=0.0)
    fraction = showers.deposits.double().sum(dim=1) / 500
    assert float(fraction.mean()) > 0.93
    assert float(fraction.max()) <= 1 + 1e-6


def test_a_positron_brings_its_mass(shoot):
    """At rest it gives 1.022 MeV more than its kinetic energy, in any number of sectors."""
    slab = {"material": "lead_tungstate", "thickness": 20.0, "active": True}
    for sectors in (1, 2, 3):
        cells = discs(rings=4, width=50.0, sectors=sectors)
        detector = block([{"repeat": 20, "slabs": [slab]}], cells)
        showers = shoot(detector, [10.0] * 40, pdg=POSITRON, margin=0.0)
        most = float(showers.deposits.double().sum(dim=1).max())
        assert most == pytest.approx(11.022, abs=1e-3)


def test_equal_seeds_equal_showers(shoot):
    detector = sampling("tungsten", "silicon", cells=discs())
    one, same, other = (
        shoot(detector, [500.0] * 12, seed=seed, workers=workers).deposits
        for seed, workers in ((3, 1), (3, 2), (4, 1))
    )
    assert torch.equal(one, same)
    assert not np.intersect1d(one.sum(dim=1), other.sum(dim=1)).size
