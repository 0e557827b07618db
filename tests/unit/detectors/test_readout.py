"""Cell ids and barrels: packing by hand, and a detector turned by one module."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import CellIds, load_detector, parse_detector

ODD = "system:8,barrel:3,module:4,stave:1,layer:6,slice:5,x:32:-16,y:-16"
DETECTOR = load_detector("odd_ecal")


def pack(system=16, module=10, layer=1, x=0, y=0):
    """The id by shifts, as DD4hep's documentation says."""
    packed = system | module << 11 | layer << 16 | 4 << 22 | (x & 0xFFFF) << 32
    return packed | (y & 0xFFFF) << 48


def ids(**fields):
    return np.array([pack(**fields)], dtype=np.uint64)


@given(
    module=st.integers(0, 15),
    layer=st.integers(0, 63),
    x=st.integers(-(2**15), 2**15 - 1),
    y=st.integers(-(2**15), 2**15 - 1),
)
def test_fields_come_out_as_they_went_in(module, layer, x, y):
    fields = {"system": 19, "module": module, "layer": layer, "x": x, "y": y}
    cell = ids(**fields)
    assert {name: CellIds(ODD).decode(cell, name)[0] for name in fields} == fields
    assert CellIds(ODD).decode(cell, "slice")[0] == 4


@pytest.mark.parametrize("description", ["x", "x:", "x:-", "x:0", "a:60,b:8", "a:1:2:3", ":4"])
def test_what_describes_no_cell_ids(description):
    with pytest.raises(ValueError, match="is no field name:width in 64 bits"):
        CellIds(description)


def entry(vertex, momentum):
    return DETECTOR.readout.enter(np.array([vertex]), np.array([momentum]))


def test_a_particle_enters_the_module_on_its_way():
    got = entry([0.0, 1250.0, 30.0], [0.1, 1.0, 0.0])
    assert got.module.tolist() == [10]
    # 2.4 mm to the first layer, 0.1 per mm along X; the columns run along -X.
    assert got.cell.tolist() == [[0, 6]]
    assert got.position[0] == pytest.approx([-0.24, 30.0 - 6 * 5.1, 0.0])
    assert got.direction[0] == pytest.approx(np.array([-0.1, 0.0, 1.0]) / np.hypot(1.0, 0.1))


@given(turns=st.integers(-8, 8))
def test_turning_everything_by_a_module_changes_its_number_only(turns):
    angle = np.deg2rad(-22.5) * turns
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    vertex, momentum = np.array([3.0, 1240.0, -8.0]), np.array([0.2, 2.0, 0.1])
    first, second = entry(vertex, momentum), entry(turn @ vertex, turn @ momentum)
    assert second.module[0] == (first.module[0] + turns) % 16
    assert second.cell.tolist() == first.cell.tolist()
    np.testing.assert_allclose(second.position, first.position, atol=1e-9)
    np.testing.assert_allclose(second.direction, first.direction, atol=1e-12)


def test_from_the_middle_every_way_leads_through_the_nearest_plane():
    phi = np.linspace(0, 2 * np.pi, 50)
    momentum = np.stack([np.cos(phi), np.sin(phi), 0 * phi], axis=1)
    got = DETECTOR.readout.enter(np.zeros((50, 3)), momentum)
    # No direction is more than half a module off the normal.
    assert (got.direction[:, 2] > np.cos(np.deg2rad(11.26))).all()


def test_a_particle_along_the_beam_is_refused():
    with pytest.raises(ValueError, match="along the beam axis"):
        entry([0.0, 0.0, 0.0], [0.0, 0.0, 1.0])


def test_cells_are_numbered_about_the_cell_of_entry():
    readout, zero = DETECTOR.readout, np.zeros(1, dtype=np.int64)
    beam = entry([0.0, 1250.0, 51.0], [0.0, 1.0, 0.0])  # enters cell (0, 10)
    place = readout.locate(ids(layer=3, x=-1, y=12), beam, zero)[0]
    assert np.unravel_index(place, DETECTOR.geometry.grid_shape) == (2, 25 + 2, 25 - 1)
    centre = DETECTOR.geometry.cell_centres[place]
    assert centre.tolist() == pytest.approx([-5.1, 10.2, 10.1])


@pytest.mark.parametrize(
    "outside", [{"system": 19}, {"module": 9}, {"layer": 0}, {"layer": 49}, {"x": 26}, {"y": -26}]
)
def test_other_cells_are_outside(outside):
    beam = entry([0.0, 1250.0, 0.0], [0.0, 1.0, 0.0])
    assert DETECTOR.readout.locate(ids(**outside), beam, np.zeros(1, dtype=np.int64)) == -1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "key 'colour' is unknown or missing"),
        ({"cell_id": "system:8,module:4,layer:6,x:-16"}, "need a field 'y'"),
    ],
)
def test_a_readout_is_checked(change, message):
    definition = dict(DETECTOR.definition)
    definition["readout"] = {**definition["readout"], **change}
    with pytest.raises(ValueError, match=message):
        parse_detector(definition)


def test_an_even_grid_has_no_cell_of_entry():
    definition = dict(DETECTOR.definition)
    definition["geometry"] = {**definition["geometry"], "rows": 50}
    with pytest.raises(ValueError, match="odd rows and columns"):
        parse_detector(definition)
