"""What all tests share: one thread, toy showers, toy trainings, and the folder of data outside.

The folder is `HEITLER_SHARED`, by default ``../shared`` beside the repository. Tests that need a
file of it skip with the file's name where it is absent.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from math import pi
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

from heitler.detectors import Detector, parse_detector
from heitler.formats import create_showers
from heitler.particles import IncidentParticles
from heitler.showers import Showers

torch.set_num_threads(1)
settings.register_profile("heitler", deadline=None)  # machines that others share are not on time
settings.load_profile("heitler")

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("geant4/clic_electrons.h5")`: the path of a data set, or a skip."""
    shared = Path(os.environ.get("HEITLER_SHARED", _ROOT.parent / "shared"))

    def find(name: str) -> Path:
        path = shared / "data" / name
        if not path.exists():
            pytest.skip(f"data set {name} is not in {shared / 'data'} (set HEITLER_SHARED)")
        return path

    return find


@pytest.fixture(scope="session")
def geant4_data(
    shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the data of Geant4's electromagnetic showers, or a skip."""
    if find_spec("geant4_pybind") is None:  # not imported: it would ask for its data
        pytest.skip("needs heitler[geant4]")
    folder = tmp_path_factory.mktemp("geant4")
    with tarfile.open(shared_data("geant4-em-data.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def toy_detector() -> Detector:
    """4 layers of 5 x 3 cells (y, x), not in the catalogue; the beam enters off centre."""
    return parse_detector(
        {
            "name": "toy",
            "description": "A toy.",
            "hit_threshold": 0.1,
            "impact": [10.0, -20.0],
            "stack": [
                {
                    "repeat": 4,
                    "slabs": [
                        {"material": "tungsten", "thickness": 3.0},
                        {"material": "silicon", "thickness": 0.5, "active": True},
                    ],
                }
            ],
            "geometry": {"type": "VoxelGrid", "rows": 5, "columns": 3, "cell": [10.0, 10.0]},
        }
    )


@pytest.fixture(scope="session")
def toy_showers(toy_detector: Detector) -> Callable[..., Showers]:
    """`toy_showers(detector, count, seed=, pdg=, theta=)`: random showers, sparse."""

    def make(
        detector: Detector = toy_detector,
        count: int = 8,
        *,
        seed: int = 1,
        pdg: int | torch.Tensor = 22,
        theta: float | torch.Tensor = pi / 2,
    ) -> Showers:
        generator = torch.Generator().manual_seed(seed)
        cells = detector.geometry.cells
        hit = torch.rand(count, cells, generator=generator) < 0.1
        energy = torch.empty(count, cells).exponential_(generator=generator)
        particles = IncidentParticles.beam(
            1e4 + 9e4 * torch.rand(count, dtype=torch.float64, generator=generator),
            pdg=pdg,
            theta=theta,
            impact=detector.impact,
            depth=detector.face_z,
        )
        return Showers(torch.where(hit, energy, 0.0), particles, detector)

    return make


@pytest.fixture(scope="session")
def toy_law(toy_detector: Detector) -> Callable[..., Showers]:
    """`toy_law(count, seed=)`: independent cells, hit with p_i, gamma energies of mean m_i E.

    p_i falls from 0.9 to 0.1 and m_i / E from 4e-4 to 1e-4 over the 60 cells; E is flat in 10 to
    100 GeV and the shape of the gamma law is 2.
    """

    def make(count: int = 200, *, seed: int = 1) -> Showers:
        generator = torch.Generator().manual_seed(seed)
        cells = toy_detector.geometry.cells
        energy = 1e4 + 9e4 * torch.rand(count, dtype=torch.float64, generator=generator)
        probability, mean = torch.linspace(0.9, 0.1, cells), torch.linspace(4e-4, 1e-4, cells)
        hit = torch.rand(count, cells, generator=generator) < probability
        gamma = torch.empty(2, count, cells).exponential_(generator=generator).mean(dim=0)
        particles = IncidentParticles.beam(
            energy, impact=toy_detector.impact, depth=toy_detector.face_z
        )
        deposits = torch.where(hit, gamma * mean * energy[:, None].float(), 0.0)
        return Showers(deposits, particles, toy_detector)

    return make


@pytest.fixture(scope="session")
def toy_file(toy_law: Callable[..., Showers], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A native file of 200 showers of the toy law."""
    path = tmp_path_factory.mktemp("toy") / "toy.h5"
    showers = toy_law()
    with create_showers(path, showers.detector, provenance={"simulator": "toy"}) as writer:
        writer.write(showers)
    return path


_CONDITIONING = [{"class_path": "heitler.preprocessing.LogEnergy"}]
_FAMILIES: dict[str, dict[str, Any]] = {
    "vae": {
        "preprocessing": [{"class_path": "heitler.preprocessing.Response"}],
        "model": {
            "class_path": "heitler.models.VAE",
            "init_args": {"latent": 2, "encoder": [8], "decoder": [8], "flow": [8]},
        },
        "stages": {"autoencoder": {"epochs": 3}, "prior": {"epochs": 3}},
    },
    "wgan_gp": {
        "preprocessing": [{"class_path": "heitler.preprocessing.Response"}],
        "model": {
            "class_path": "heitler.models.WGANGP",
            "init_args": {"latent": 4, "generator": [8], "critic": [8]},
        },
        "stages": {"adversarial": {"epochs": 4, "betas": [0.5, 0.9]}},
    },
    "threedgan": {
        "conditioning": [{"class_path": "heitler.preprocessing.ScaledEnergy"}],
        "preprocessing": [{"class_path": "heitler.preprocessing.Power"}],
        "model": {
            "class_path": "heitler.models.ThreeDGAN",
            "init_args": {
                "sizes": {
                    "latent": 32,
                    "generator": [4, 8, 8, 8],
                    "discriminator": [8, 8, 8, 8],
                },
            },
        },
        "stages": {"adversarial": {"epochs": 4, "betas": [0.5, 0.9]}},
    },
}


@pytest.fixture(scope="session")
def toy_settings(toy_file: Path) -> Callable[..., dict[str, Any]]:
    """`toy_settings("vae")`: an experiment of seconds; keyword arguments change `training`."""

    def make(family: str = "vae", **training: object) -> dict[str, Any]:
        parts = deepcopy(_FAMILIES[family])
        schedule = {
            "batch_size": 32,
            "physics_every": 2,
            "checkpoint_seconds": 0.0,
            "stages": parts.pop("stages"),
            **training,
        }
        return {
            "data": {"file": str(toy_file), "test": 40, "validation": 30},
            "conditioning": deepcopy(_CONDITIONING),
            **parts,
            "training": schedule,
        }

    return make


@pytest.fixture
def assessed_run(toy_run: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of a finished run whose card has its fidelity: nothing is left to do there."""
    folder = Path(shutil.copytree(toy_run("vae"), tmp_path / "assessed"))
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "fidelity": {"showers": 2000}}))
    return folder


@pytest.fixture(scope="session")
def toy_run(
    toy_settings: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """`toy_run("vae")`: a finished run directory, not to be changed."""
    runs: dict[str, Path] = {}

    def make(family: str = "vae") -> Path:
        if family not in runs:
            from heitler.training import train

            folder = tmp_path_factory.mktemp("runs") / family
            runs[family] = train(toy_settings(family), folder, progress=False)
        return runs[family]

    return make
