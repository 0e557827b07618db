"""Detectors: depths and lengths of the catalogue, files of one's own, messages."""

from copy import deepcopy

import pytest
import torch
import yaml

from heitler.detectors import detector_names, load_detector, parse_detector
from heitler.detectors.materials import SCALE_ENERGY


def test_layers_of_the_ild():
    z = load_detector("ild_ecal").geometry.layer_z
    steps = z.diff()
    assert z.numel() == 30
    torch.testing.assert_close(steps[:19], torch.full((19,), 5.6, dtype=torch.float64))
    torch.testing.assert_close(steps[19:], torch.full((10,), 7.7, dtype=torch.float64))


def test_lengths_of_the_ild():
    ild = load_detector("ild_ecal")
    assert ild.depth == pytest.approx(20 * 5.6 + 10 * 7.7)
    assert ild.radiation_lengths == pytest.approx(24.1, abs=0.05)
    assert ild.radiation_length == pytest.approx(ild.depth / ild.radiation_lengths)
    assert ild.face_z == pytest.approx(-(2.1 + 0.25))
    assert ild.critical_energy == pytest.approx(
        SCALE_ENERGY * ild.radiation_length / ild.moliere_radius
    )


def test_lengths_of_a_stack_of_one_material_are_those_of_the_material():
    slabs = [{"material": "lead", "thickness": 2.0}, {"material": "lead", "thickness": 1.0}]
    slabs[1]["active"] = True
    lead = parse_detector({**definition(), "stack": [{"repeat": 3, "slabs": slabs}]})
    assert lead.radiation_length == pytest.approx(5.612, rel=5e-3)
    assert lead.moliere_radius == pytest.approx(16.0, rel=1e-2)
    assert lead.critical_energy == pytest.approx(7.43, rel=1e-3)
    assert lead.geometry.layer_z.tolist() == pytest.approx([0.0, 3.0, 6.0])


def test_planes_that_are_read_out_together_lie_at_their_mean():
    detector = load_detector("calochallenge_ds2")
    assert detector.geometry.layers == 45
    torch.testing.assert_close(
        detector.geometry.layer_z.diff(), torch.full((44,), 3.4, dtype=torch.float64)
    )
    # planes at 1.55 and 3.25 mm below the face
    assert detector.face_z == pytest.approx(-2.4)


@pytest.mark.parametrize("name", detector_names())
def test_every_detector_is_described(name):
    detector = load_detector(name)
    assert detector.name == name
    assert detector.description.endswith(".")
    assert detector.hit_threshold > 0
    assert detector.face_z <= 0
    assert load_detector(name) is detector


def definition():
    return {
        "name": "mine",
        "description": "A detector of one's own.",
        "hit_threshold": 0.1,
        "stack": [
            {
                "repeat": 2,
                "slabs": [
                    {"material": "tungsten", "thickness": 3.0},
                    {"material": "silicon", "thickness": 0.5, "active": True},
                ],
            }
        ],
        "geometry": {"type": "VoxelGrid", "rows": 2, "columns": 3, "cell": [5.0, 5.0]},
    }


def test_a_detector_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(definition()))
    detector = load_detector(str(path))
    assert detector.name == "mine"
    assert detector.geometry.cells == 12
    assert detector == parse_detector(definition())


def test_equality_is_that_of_the_cells():
    one, other = parse_detector(definition()), definition()
    other |= {"name": "other", "description": "Other words.", "hit_threshold": 0.2}
    assert one == parse_detector(other)
    assert hash(one) == hash(parse_detector(other))
    assert one.fingerprint == parse_detector(other).fingerprint
    for path, value in (
        (("geometry", "rows"), 4),
        (("stack", 0, "repeat"), 3),
        (("stack", 0, "slabs", 0, "thickness"), 3.5),
    ):
        changed = deepcopy(definition())
        place = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        assert one != parse_detector(changed)
    assert load_detector("clic_ecal") != load_detector("clic_ecal_51")
    assert one != "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"geometry": {"type": "Sphere"}}, "geometry type 'Sphere'; known are"),
        ({"geometry": {"rows": 2}}, "geometry type 'None'"),
        ({"geometry": {"type": "VoxelGrid", "rowz": 2}}, "rowz"),
        ({"colour": "red"}, "unknown key 'colour'"),
        (
            {"stack": [{"slabs": [{"material": "gold", "thickness": 1}]}]},
            "unknown material 'gold'",
        ),
        ({"stack": [{"slabs": [{"material": "lead"}]}]}, "'thickness' is missing"),
        ({"stack": [{"slabs": [{"material": "lead", "thickness": 0}]}]}, "0.0 mm thick"),
        ({"stack": [{"plates": []}]}, "unknown key 'plates'"),
    ],
)
def test_definitions_that_make_no_sense(change, message):
    with pytest.raises(ValueError, match=message) as error:
        parse_detector({**definition(), **change}, source="mine.yaml")
    assert "\n" not in str(error.value)


def test_a_missing_key_and_no_keys():
    short = definition()
    del short["hit_threshold"]
    with pytest.raises(ValueError, match=r"mine\.yaml: key 'hit_threshold' is missing"):
        parse_detector(short, source="mine.yaml")
    with pytest.raises(ValueError, match="does not describe a detector"):
        parse_detector(None)


def test_names_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match="unknown detector 'ild_ekal'; did you mean 'ild_ecal'"):
        load_detector("ild_ekal")
    with pytest.raises(ValueError, match=r"nothing\.yaml does not exist"):
        load_detector(str(tmp_path / "nothing.yaml"))
    (tmp_path / "broken.yaml").write_text("a: [1,\n b: }")
    with pytest.raises(ValueError, match="is not YAML"):
        load_detector(str(tmp_path / "broken.yaml"))
