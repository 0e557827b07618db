"""The contract of every file convention in the registry."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heitler.formats import CONVENTIONS, create_showers, open_showers, recognise
from heitler.particles import IncidentParticles
from heitler.showers import Showers

# Conventions that hold deposits as float32 in MeV keep every bit; in GeV the last may move.
DEPOSIT_PRECISION = {"threedgan": 2e-7, "showerdata": 2e-7}
SETTINGS = settings(max_examples=25, deadline=None)

WRITTEN = [name for name, entry in CONVENTIONS.items() if entry.writer]
every_convention = pytest.mark.parametrize("convention", WRITTEN)


def write(path, showers, convention, *, batch=3, provenance=None):
    with create_showers(
        path, showers.detector, convention=convention, provenance=provenance
    ) as writer:
        for start in range(0, len(showers), batch):
            writer.write(showers[start : start + batch])
    return path


def read_all(path):
    with open_showers(path) as reader:
        return Showers.concatenate(list(reader.batches(2)))


def assert_equal(got, expected, convention):
    torch.testing.assert_close(
        got.deposits, expected.deposits, rtol=DEPOSIT_PRECISION.get(convention, 0.0), atol=0.0
    )
    torch.testing.assert_close(got.particles.energy, expected.particles.energy, rtol=1e-7, atol=0)
    torch.testing.assert_close(
        got.particles.direction, expected.particles.direction, rtol=0, atol=1e-7
    )
    assert torch.equal(got.particles.pdg, expected.particles.pdg)
    assert torch.equal(got.particles.position, expected.particles.position)
    assert got.detector == expected.detector


@st.composite
def sparse_showers(draw, detector):
    count = draw(st.integers(1, 5))
    energy = st.floats(0.015625, 2.0**40, width=32)
    deposits = arrays(
        "float32", (count, detector.geometry.cells), elements=energy, fill=st.just(0.0)
    )
    incident = draw(st.lists(st.floats(1.0, 1e7), min_size=count, max_size=count))
    particles = IncidentParticles.beam(
        incident,
        pdg=draw(st.sampled_from([22, 11, 211])),
        impact=detector.impact,
        depth=detector.face_z,
    )
    return Showers(torch.from_numpy(draw(deposits)), particles, detector)


@every_convention
@SETTINGS
@given(data=st.data())
def test_what_is_written_is_read(convention, data, toy_detector, tmp_path_factory):
    showers = data.draw(sparse_showers(toy_detector))
    path = write(tmp_path_factory.mktemp("file") / "x", showers, convention)
    assert_equal(read_all(path), showers, convention)


@every_convention
def test_a_second_round_trip_changes_nothing(convention, toy_showers, tmp_path):
    once = read_all(write(tmp_path / "1", toy_showers(), convention))
    twice = read_all(write(tmp_path / "2", once, convention))
    assert torch.equal(once.particles.energy, twice.particles.energy)
    assert torch.equal(once.particles.direction, twice.particles.direction)


@every_convention
def test_tilted_showers_keep_their_angle_or_are_refused(convention, toy_showers, tmp_path):
    showers = toy_showers(theta=torch.linspace(0.6, 2.2, 8))
    if convention == "calochallenge":
        with pytest.raises(ValueError, match="no place for angles"):
            write(tmp_path / "x", showers, convention)
    else:
        assert_equal(read_all(write(tmp_path / "x", showers, convention)), showers, convention)


@every_convention
def test_several_kinds_of_particles_are_kept_or_refused(convention, toy_showers, tmp_path):
    showers = toy_showers(pdg=torch.tensor([11, 22] * 4))
    if convention in {"getting_high", "calochallenge"}:
        with pytest.raises(ValueError, match="one kind only, got 11, 22"):
            write(tmp_path / "x", showers, convention)
        assert not list(tmp_path.iterdir())
    else:
        assert_equal(read_all(write(tmp_path / "x", showers, convention)), showers, convention)


@every_convention
def test_another_point_of_entry_is_kept_or_noted(convention, toy_showers, tmp_path):
    parts = [toy_showers(), toy_showers()]
    moved = parts[1].particles.position + torch.tensor([5.0, 0.0, 0.0])
    particles = dataclasses.replace(parts[1].particles, position=moved)
    parts[1] = dataclasses.replace(parts[1], particles=particles)
    showers = Showers.concatenate(parts)
    with open_showers(write(tmp_path / "x", showers, convention)) as reader:
        kept = torch.equal(reader.particles.position, showers.particles.position)
        assert kept == (convention == "native")
        assert kept or reader.provenance["not_carried"] == ["position"]


@every_convention
def test_batches_do_not_matter(convention, toy_showers, tmp_path):
    showers = toy_showers()
    one = read_all(write(tmp_path / "1", showers, convention, batch=1))
    assert torch.equal(
        one.deposits, read_all(write(tmp_path / "8", showers, convention, batch=8)).deposits
    )
    with open_showers(tmp_path / "1") as reader:
        assert len(reader) == 8
        assert torch.equal(reader.read(2, 5).deposits, one.deposits[2:5])
        assert torch.equal(reader.read(2, 5).particles.energy, one.particles.energy[2:5])
        assert len(reader.read(6, 100)) == 2
        assert len(reader.read(8, 10)) == 0


@every_convention
def test_lists_of_hits_are_written_and_read_as_dense_deposits_are(
    convention, toy_showers, tmp_path
):
    showers = toy_showers()
    dense = write(tmp_path / "dense", showers, convention)
    sparse = write(tmp_path / "sparse", showers.sparse(), convention)
    assert_equal(read_all(sparse), read_all(dense), "exact")
    with open_showers(sparse) as reader:
        for start, stop in ((0, 8), (2, 5), (6, 100), (8, 10)):
            part = reader.read_sparse(start, stop)
            assert torch.equal(part.dense().deposits, reader.read(start, stop).deposits)
            assert torch.equal(part.particles.energy, reader.particles.energy[start:stop])


@every_convention
def test_no_showers_are_a_file_too(convention, toy_showers, tmp_path):
    with open_showers(write(tmp_path / "x", toy_showers(count=0), convention)) as reader:
        assert len(reader) == 0
        assert len(reader.read(0, 5)) == 0


@every_convention
def test_provenance_survives(convention, toy_showers, tmp_path):
    provenance = {
        "simulation": "by hand",
        "geant4_cpu_seconds_per_shower": 0.25,
        "seed": 7,
        "steps": [{"name": "a", "values": [1, 2]}],
    }
    path = write(tmp_path / "x", toy_showers(), convention, provenance=provenance)
    with open_showers(path) as reader:
        assert provenance.items() <= reader.provenance.items()
        assert "assumed" not in reader.provenance


@every_convention
@pytest.mark.parametrize("theta", [torch.pi / 2, 1.0])
def test_exactly_one_convention_fits(convention, theta, toy_showers, tmp_path):
    if convention == "calochallenge":
        theta = torch.pi / 2
    path = write(tmp_path / "x.dat", toy_showers(theta=theta), convention)
    assert recognise(path) == [convention]
    with open_showers(path) as reader:
        assert reader.convention == convention


@every_convention
def test_an_exception_leaves_nothing_behind(convention, toy_showers, tmp_path):
    def stop_halfway():
        showers = toy_showers()
        path = tmp_path / "new" / "x"
        with create_showers(path, showers.detector, convention=convention) as writer:
            writer.write(showers)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert not list(tmp_path.iterdir())


@every_convention
def test_showers_of_another_detector_are_refused(convention, toy_detector, toy_showers, tmp_path):
    from heitler.detectors import load_detector

    other = toy_showers(load_detector("ild_ecal_coarse"), 1)
    with (
        pytest.raises(ValueError, match="is for toy, the showers are of ild_ecal_coarse"),
        create_showers(tmp_path / "x", toy_detector, convention=convention) as writer,
    ):
        writer.write(other)


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - set(WRITTEN)))
def test_what_can_only_be_read_says_so(convention, toy_detector, tmp_path):
    with (
        pytest.raises(ValueError, match=f"{convention} files can only be read.* native"),
        create_showers(tmp_path / "x", toy_detector, convention=convention),
    ):
        pass
    assert not list(tmp_path.iterdir())
