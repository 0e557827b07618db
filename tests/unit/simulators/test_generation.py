"""Generation to files: blocks, interruptions, requests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from heitler.formats import open_showers
from heitler.hits import Hits
from heitler.showers import Showers, SparseShowers
from heitler.simulators import BLOCK, ParticleGun, block_seed, generate


class Stamp:
    """A simulator whose showers hold the seed; it may be told to fail."""

    def __init__(self, detector, calls=None):
        self.detector, self.left, self.seeds = detector, calls, []

    def simulate(self, incident, *, seed):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        self.seeds.append(seed)
        deposits = torch.full((len(incident), self.detector.geometry.cells), seed % 1009 + 1.0)
        return Showers(deposits, incident, self.detector)


@pytest.fixture
def gun(toy_detector):
    return ParticleGun(toy_detector, (1e4, 1e5))


def make(simulator, gun, path, number=2 * BLOCK + 5, **settings):
    return generate(
        simulator, gun, path, **{"number": number, "seed": 1, "progress": False, **settings}
    )


def content(path):
    with open_showers(path) as reader:
        showers = reader.read(0, len(reader))
        return showers.deposits, showers.particles.energy, reader.provenance


def test_showers_come_block_by_block_with_seeds_of_their_own(gun, tmp_path):
    simulator = Stamp(gun.detector)
    path = make(simulator, gun, tmp_path / "new" / "out.h5")
    deposits, energy, provenance = content(path)
    assert len(deposits) == 2 * BLOCK + 5
    assert len(set(simulator.seeds)) == 3
    assert torch.equal(energy[BLOCK : 2 * BLOCK], gun.shoot(1, BLOCK, seed=1).energy)
    assert [p.name for p in path.parent.iterdir()] == ["out.h5"]
    assert provenance["seed"] == 1
    assert provenance["particles"] == gun.describe()


def test_an_interrupted_generation_goes_on(gun, tmp_path):
    whole = content(make(Stamp(gun.detector), gun, tmp_path / "whole.h5"))
    with pytest.raises(KeyboardInterrupt):
        make(Stamp(gun.detector, calls=2), gun, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    rest = Stamp(gun.detector)
    resumed = content(make(rest, gun, tmp_path / "out.h5"))
    assert len(rest.seeds) == 1
    assert torch.equal(resumed[0], whole[0])
    assert torch.equal(resumed[1], whole[1])
    assert not (tmp_path / "out.h5.blocks").exists()


@pytest.mark.parametrize("change", [{"seed": 2}, {"number": 3 * BLOCK}, {"provenance": {"a": 1}}])
def test_unfinished_blocks_of_another_request_are_not_mixed_in(change, gun, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(Stamp(gun.detector, calls=1), gun, tmp_path / "out.h5")
    with pytest.raises(ValueError, match="unfinished showers of another request"):
        make(Stamp(gun.detector), gun, tmp_path / "out.h5", **change)
    assert not (tmp_path / "out.h5").exists()
    request = json.loads((tmp_path / "out.h5.blocks" / "request.json").read_text())
    assert request["number"] == 2 * BLOCK + 5


def test_the_number_of_showers_decides_nothing_but_the_number(gun, tmp_path):
    long = content(make(Stamp(gun.detector), gun, tmp_path / "long.h5"))
    short = content(make(Stamp(gun.detector), gun, tmp_path / "short.h5", number=7))
    assert torch.equal(long[1][:7], short[1])
    assert torch.equal(long[0][:7], short[0])


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"number": 0}, ValueError, "at least 1, got 0"),
        ({"seed": -1}, ValueError, "a seed must not be negative"),
        ({"convention": "nonsense"}, ValueError, "unknown convention 'nonsense'"),
    ],
)
def test_bad_requests_leave_nothing(change, kind, message, gun, tmp_path):
    simulator = Stamp(gun.detector)
    with pytest.raises(kind, match=message):
        make(simulator, gun, tmp_path / "new" / "out.h5", **change)
    assert simulator.seeds == []
    assert list(tmp_path.iterdir()) == []


def test_bad_places_are_found_before_the_work(gun, tmp_path):
    simulator = Stamp(gun.detector)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="it is a folder"):
        make(simulator, gun, tmp_path)
    assert simulator.seeds == []
    with pytest.raises(OSError, match="not a writable folder"):
        make(simulator, gun, tmp_path / "file" / "out.h5")


def test_blocks_without_a_request_are_not_taken(gun, toy_detector, tmp_path):
    """What a kill leaves that comes while the blocks of a finished request are removed."""
    stamp = Stamp(toy_detector)
    make(stamp, gun, tmp_path / "whole.h5", number=BLOCK + 5)
    make(stamp, gun, tmp_path / "out.h5.blocks" / "000001.h5", number=5, seed=9)
    make(stamp, gun, tmp_path / "out.h5", number=BLOCK + 5)
    whole, out = content(tmp_path / "whole.h5"), content(tmp_path / "out.h5")
    assert torch.equal(whole[0], out[0])
    assert torch.equal(whole[1], out[1])


class Scatter:
    """A simulator of 20 hits a shower, as lists of hits in any order; it has no dense form."""

    def __init__(self, detector):
        self.detector = detector

    def simulate(self, incident, *, seed):
        raise AssertionError

    def simulate_sparse(self, incident, *, seed):
        random = np.random.default_rng(seed)
        cells = random.integers(self.detector.geometry.cells // 20, size=(len(incident), 20))
        cells = 20 * cells + np.arange(20)
        energies = 1.0 + random.random(cells.size, dtype=np.float32)
        hits = Hits(
            20 * torch.arange(len(incident) + 1),
            torch.from_numpy(cells.astype(np.int32).reshape(-1)),
            torch.from_numpy(energies),
        )
        return SparseShowers(hits, incident, self.detector)


def test_the_form_of_the_showers_on_their_way_leaves_no_trace(gun, tmp_path):
    dense = Stamp(gun.detector)
    dense.simulate = lambda incident, *, seed: (
        Scatter(gun.detector).simulate_sparse(incident, seed=seed).dense()
    )
    paths = [
        make(simulator, gun, tmp_path / name / "out.h5", number=BLOCK + 5)
        for name, simulator in (("sparse", Scatter(gun.detector)), ("dense", dense))
    ]
    files = []
    for path in paths:
        with h5py.File(path) as file:
            columns = {}
            file.visititems(
                lambda name, item, columns=columns: (
                    columns.update({name: item[...].tolist()})
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )
            files.append(columns)
    assert files[0] == files[1]
    assert files[0].keys() >= {"hits/offset", "hits/cell", "hits/energy", "particles/energy"}


def test_lists_of_hits_become_dense_where_the_convention_is(gun, tmp_path):
    path = make(Scatter(gun.detector), gun, tmp_path / "out", number=7, convention="getting_high")
    block = Scatter(gun.detector).simulate_sparse(
        gun.shoot(0, 7, seed=1), seed=block_seed(1, 0, 1)
    )
    assert torch.equal(content(path)[0], block.dense().deposits)


MEMORY = """
import resource, sys, tempfile
from pathlib import Path
import pytest, torch
torch.set_num_threads(1)
sys.path.insert(0, {folder!r})
from test_generation import Scatter
from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.simulators import ParticleGun, generate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

detector = load_detector("ild_ecal")
gun = ParticleGun(detector, (1e4, 1e5))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "out.h5"
    generate(Scatter(detector), gun, path, number=2000, seed=1, progress=False)
    before = peak()
    generate(Scatter(detector), gun, path, number=100_000, seed=1, progress=False)
    after = peak()
    with open_showers(path) as reader:
        assert len(reader) == 100_000
print(before, after, detector.geometry.cells)
"""


@pytest.mark.slow
def test_a_hundred_thousand_sparse_showers_take_the_memory_of_a_block(tmp_path):
    code = MEMORY.format(folder=str(Path(__file__).parent))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    before, after, cells = map(float, done.stdout.split())
    block = BLOCK * cells * 4 / 2**20  # MB that a dense block takes
    assert block > 100
    # HDF5's caches of the joined file grow by 20 MB here, and by 60 MB at most.
    assert after - before < block / 3, done.stdout


def test_what_a_simulator_measures_is_averaged_over_its_showers(toy_detector, gun, tmp_path):
    """Also over blocks that were made before an interruption."""

    class Metered(Stamp):
        def measured(self):
            return {"cost": float(len(self.seeds))}

    number = 2 * BLOCK + 500
    with pytest.raises(KeyboardInterrupt):
        make(Metered(toy_detector, calls=2), gun, tmp_path / "out.h5", number)
    path = make(Metered(toy_detector), gun, tmp_path / "out.h5", number)
    with open_showers(path) as reader:
        cost = reader.provenance["cost"]
    # Blocks that cost 1 and 2, and, in the second go, the first of its calls.
    assert cost == pytest.approx((1000 * 1 + 1000 * 2 + 500 * 1) / number)
