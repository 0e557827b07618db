"""Files of toy showers and their comparison."""

import pytest

from heitler.formats import create_showers, open_showers
from heitler.validation import compare


@pytest.fixture(scope="session")
def write_showers():
    def write(path, showers, **provenance):
        with create_showers(path, showers.detector, provenance=provenance) as writer:
            writer.write(showers)
        return path

    return write


@pytest.fixture(scope="session")
def toy_files(tmp_path_factory, toy_showers, write_showers):
    """A reference, a second sample of it, and one in which a layer has lost half its energy."""
    folder = tmp_path_factory.mktemp("showers")
    spoilt = toy_showers(count=500, seed=3)
    spoilt.grid[:, 2] *= 0.5
    return {
        "geant4": write_showers(
            folder / "geant4.h5", toy_showers(count=800, seed=1), simulator="geant4"
        ),
        "good": write_showers(folder / "good.h5", toy_showers(count=500, seed=2)),
        "spoilt": write_showers(folder / "spoilt.h5", spoilt),
    }


@pytest.fixture(scope="session")
def toy_comparison(toy_files):
    with (
        open_showers(toy_files["geant4"]) as reference,
        open_showers(toy_files["good"]) as good,
        open_showers(toy_files["spoilt"]) as spoilt,
    ):
        return compare(reference, {"good": good, "spoilt": spoilt}, energy_bins=2)
