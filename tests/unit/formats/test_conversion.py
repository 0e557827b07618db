"""From one convention to another."""

import dataclasses
import hashlib

import pytest
import torch

from heitler.formats import batch_size, convert, create_showers, open_showers, sha256
from heitler.formats.native import NativeWriter


@pytest.fixture
def source(toy_showers, tmp_path):
    showers = toy_showers()
    provenance = {"simulation": "by hand", "geant4_cpu_seconds_per_shower": 0.25}
    with create_showers(
        tmp_path / "in", showers.detector, convention="getting_high", provenance=provenance
    ) as writer:
        writer.write(showers)
    return tmp_path / "in"


def test_there_and_back(source, toy_showers, tmp_path, monkeypatch):
    monkeypatch.setattr("heitler.formats.conversion.batch_size", lambda cells: 3)
    done = convert(source, tmp_path / "native")
    assert (done.source_convention, done.target_convention) == ("getting_high", "native")
    assert (done.detector, done.showers) == ("toy", 8)
    convert(tmp_path / "native", tmp_path / "back", to="getting_high")
    with open_showers(tmp_path / "back") as reader:
        assert torch.equal(reader.read(0, 8).deposits, toy_showers().deposits)
        assert reader.provenance["simulation"] == "by hand"
        assert reader.provenance["geant4_cpu_seconds_per_shower"] == 0.25
        steps = reader.provenance["conversions"]
    assert [(step["from"], step["to"]) for step in steps] == [
        ("getting_high", "native"),
        ("native", "getting_high"),
    ]
    assert steps[0]["source_sha256"] == sha256(source) == done.source_sha256


def test_converting_again_gives_the_same_bytes(source, tmp_path):
    for name in ("1", "2"):
        convert(source, tmp_path / name)
    assert sha256(tmp_path / "1") == sha256(tmp_path / "2")


def test_what_is_lost_is_said(toy_showers, tmp_path):
    showers = toy_showers()
    position = torch.zeros_like(showers.particles.position)
    particles = dataclasses.replace(showers.particles, position=position)
    showers = dataclasses.replace(showers, particles=particles)
    with create_showers(tmp_path / "native", showers.detector) as writer:
        writer.write(showers)
    done = convert(tmp_path / "native", tmp_path / "out", to="calochallenge")
    assert done.not_carried == ("position",)


def test_points_outside_are_in_the_provenance(toy_showers, toy_detector, tmp_path):
    import h5py

    with create_showers(tmp_path / "in", toy_detector, convention="showerdata") as writer:
        writer.write(toy_showers(count=1))
    with h5py.File(tmp_path / "in", "a") as file:
        points = file["showers"][0].reshape(-1, 4)
        points[0, 2], outside = 77.0, float(points[0, 3])
        file["showers"][0] = points.reshape(-1)
    done = convert(tmp_path / "in", tmp_path / "out")
    assert done.left_out == {"points": 1, "energy": pytest.approx(outside * 1000)}
    with open_showers(tmp_path / "out") as reader:
        assert reader.provenance["conversions"][0]["left_out"]["points"] == 1


def test_source_and_target_must_differ(source):
    with pytest.raises(ValueError, match="the same file"):
        convert(source, source.parent / "." / "in")


def test_a_batch_takes_64_mebibytes():
    assert batch_size(2**20) == 16
    assert batch_size(2**30) == 1


def test_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 10**6)
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc" * 10**6).hexdigest()


def test_batches_are_of_limited_size(source, tmp_path, monkeypatch):
    sizes = []
    append = NativeWriter.write
    monkeypatch.setattr("heitler.formats.conversion.batch_size", lambda cells: 3)
    monkeypatch.setattr(
        NativeWriter, "write", lambda self, part: (sizes.append(len(part)), append(self, part))
    )
    convert(source, tmp_path / "out")
    assert sizes == [3, 3, 2]
