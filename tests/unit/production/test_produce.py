"""Production: the showers of one process, whoever makes them and whatever fails."""

import os
import sys
from functools import partial
from pathlib import Path

import h5py
import pytest
from distributed import Client, LocalCluster

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.production import produce
from heitler.production.cluster import TRIES, made_by
from heitler.production.workshop import Order
from heitler.simulators import ParticleGun
from heitler.simulators.generation import fulfil
from heitler.simulators.recipes import gflash, trained
from heitler.simulators.shards import Request, grain

NUMBER = 1040  # showers: a block and a piece


@pytest.fixture(scope="module")
def toys():
    """The module of simulators that fail, where workers find it too."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    import shaky

    yield shaky
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def detector():
    return load_detector("ild_ecal_coarse")


@pytest.fixture(scope="module")
def gun(detector):
    return ParticleGun(detector, (1e3, 2e3))


@pytest.fixture(scope="module")
def whole(detector, gun, tmp_path_factory):
    """What one process makes."""
    path = tmp_path_factory.mktemp("whole") / "whole.h5"
    return columns(produce(partial(gflash, detector), gun, path, **ASKED))


ASKED = {"number": NUMBER, "seed": 1, "progress": False}


def columns(path):
    """All data sets and attributes of a file."""
    found = {}
    with h5py.File(path) as file:
        found.update({name: str(value) for name, value in file.attrs.items()})

        def visit(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = item[...].tolist()

        file.visititems(visit)
    assert found.keys() >= {"hits/offset", "hits/cell", "hits/energy", "particles/energy", "seed"}
    return found


@pytest.fixture
def threads():
    """`threads(workers)`: a cluster of threads of this process, which starts at once."""

    def start(workers=2):
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
        )
        clusters.append(cluster)
        return Client(cluster)

    clusters = []
    yield start
    for cluster in clusters:
        cluster.close()


@pytest.fixture
def fulfilled(detector, gun, tmp_path):
    """`fulfilled(client, recipe)`: has a cluster make the showers."""

    def run(client, recipe):
        simulator, provenance = recipe()
        return fulfil(
            Request(gun, NUMBER, 1),
            partial(made_by, client, Order.of(recipe, provenance)),
            tmp_path / "out.h5",
            detector=detector,
            grain=grain(simulator),
            convention="native",
            provenance=provenance,
            progress=False,
        )

    return run


@pytest.mark.parametrize("workers", [1, 3])
def test_the_showers_of_any_number_of_workers(workers, threads, fulfilled, detector, whole):
    assert columns(fulfilled(threads(workers), partial(gflash, detector))) == whole


def test_a_shard_that_fails_is_made_again(toys, threads, fulfilled, detector, whole, tmp_path):
    recipe = partial(toys.shaky, detector, tmp_path, at=16, times=TRIES - 1, deed="fail")
    assert columns(fulfilled(threads(), recipe)) == whole
    assert (tmp_path / "deeds").stat().st_size >= TRIES


def test_a_shard_that_fails_again_and_again_is_given_up(
    toys, threads, fulfilled, detector, whole, tmp_path
):
    recipe = partial(toys.shaky, detector, tmp_path, at=32, times=TRIES, deed="fail")
    with pytest.raises(ChildProcessError, match=r"showers 32 to \d+ of block 0 .*the beam") as no:
        fulfilled(threads(), recipe)
    assert f"tried {TRIES} times" in str(no.value)
    assert (tmp_path / "deeds").stat().st_size == TRIES
    assert not (tmp_path / "out.h5").exists()
    # The same request in one process goes on with what is there.
    kept = {path.name for path in (tmp_path / "out.h5.blocks").iterdir()} - {"request.json"}
    assert kept
    recipe = partial(toys.shaky, detector, tmp_path, at=None, times=0, deed="fail")
    gun = ParticleGun(detector, (1e3, 2e3))
    assert columns(produce(recipe, gun, tmp_path / "out.h5", **ASKED)) == whole


def test_a_worker_that_makes_other_showers_is_refused(
    toys, threads, fulfilled, detector, tmp_path
):
    recipe = partial(toys.moody, detector, tmp_path)
    with pytest.raises(
        ChildProcessError, match=r"makes other showers: mood is \d there and 1 here"
    ):
        fulfilled(threads(1), recipe)


@pytest.mark.slow
def test_processes_of_a_cluster_that_is_there(toys, detector, gun, whole, tmp_path):
    """Twice on the same cluster; the second recipe cannot be followed in its processes."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        address = cluster.scheduler_address
        path = produce(partial(gflash, detector), gun, tmp_path / "a.h5", workers=address, **ASKED)
        assert columns(path) == whole
        recipe = partial(toys.homesick, detector, os.getpid())
        with pytest.raises(
            ChildProcessError, match=r"the worker tcp://\S+ cannot simulate: the data are at home"
        ):
            produce(recipe, gun, tmp_path / "b.h5", workers=address, **ASKED)


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(toys, detector, gun, whole, tmp_path, caplog):
    recipe = partial(toys.shaky, detector, tmp_path, at=16, times=1, deed="die")
    path = produce(recipe, gun, tmp_path / "out.h5", workers=2, **ASKED)
    assert columns(path) == whole
    (record,) = [one for one in caplog.records if one.name == "heitler.production.cluster"]
    assert "has gone, its showers are made again" in record.getMessage()


@pytest.mark.slow
def test_a_shard_that_kills_its_workers_is_given_up(toys, detector, gun, tmp_path):
    recipe = partial(toys.shaky, detector, tmp_path, at=0, times=99, deed="die")
    with pytest.raises(ChildProcessError, match=r"tried 3 times: each time its worker died"):
        produce(recipe, gun, tmp_path / "out.h5", workers=2, **ASKED)
    # Dask counts the death of a worker against all that it had in hand, not only what it made.
    assert 1 <= (tmp_path / "deeds").stat().st_size <= TRIES
    assert not (tmp_path / "out.h5").exists()


def test_trained_models_have_recipes(toy_run, threads, detector, tmp_path):
    recipe = partial(trained, str(toy_run()))
    simulator, _ = recipe()
    gun = ParticleGun(simulator.detector, (3e4, 5e4))
    one = columns(produce(recipe, gun, tmp_path / "one.h5", **ASKED))
    client = threads(2)
    path = produce(
        recipe, gun, tmp_path / "two.h5", workers=client.cluster.scheduler_address, **ASKED
    )
    assert columns(path) == one
    with open_showers(path) as reader:
        assert reader.provenance["family"] == "VAE"


@pytest.mark.parametrize(
    ("workers", "kind", "message"),
    [
        (0, ValueError, "at least one worker, got 0"),
        ("host", OSError, r"no Dask scheduler answers at 'host'.*such as tcp://host:8786"),
        ("ftp://host:1", OSError, "no Dask scheduler answers at 'ftp://host:1'.*unknown address"),
        ("tcp://127.0.0.1:9", OSError, "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
    ],
)
def test_workers_that_cannot_be(workers, kind, message, detector, gun, tmp_path, monkeypatch):
    monkeypatch.setattr("heitler.production.cluster._PATIENCE", 0.2)
    with pytest.raises(kind, match=message):
        produce(partial(gflash, detector), gun, tmp_path / "a.h5", workers=workers, **ASKED)
    assert list(tmp_path.iterdir()) == []


def test_without_dask_there_is_one_process(detector, gun, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["heitler.production.produce"], "find_spec", lambda _: None)
    recipe = partial(gflash, detector)
    assert columns(produce(recipe, gun, tmp_path / "a.h5", **ASKED)) == whole
    with pytest.raises(ImportError, match=r"heitler\[production\]"):
        produce(recipe, gun, tmp_path / "b.h5", workers=2, **ASKED)
