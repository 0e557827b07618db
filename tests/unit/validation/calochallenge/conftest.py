"""Made-up showers in the challenge's format: independent voxels, widths and energies vary."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from heitler.detectors import load_detector


@pytest.fixture(scope="session")
def toy_challenge(tmp_path_factory):
    """`toy_challenge(data_set, seed=, count=, scale=)`: a file; `scale` multiplies all voxels."""
    folder = tmp_path_factory.mktemp("challenge")

    def make(data_set="ds1_photons", *, seed=1, count=600, scale=1.0):
        rng = np.random.default_rng(seed)
        geometry = load_detector(f"calochallenge_{data_set}").geometry
        centres = geometry.cell_centres.numpy()
        radius = np.hypot(centres[:, 0], centres[:, 1])
        if data_set.startswith("ds1"):
            energy = 2.0 ** rng.integers(8, 23, count)
        else:
            energy = 10 ** rng.uniform(3, 6, count)
        width = rng.uniform(10, 30, count)[:, None]
        mean = np.exp(-radius / width) * (1 + 0.3 * np.sin(centres[:, 0]))
        mean /= mean.sum(axis=1, keepdims=True)
        showers = rng.gamma(0.5, 2 * mean) * energy[:, None] * scale
        path = folder / f"{data_set}_{seed}_{count}_{scale}.hdf5"
        with h5py.File(path, "w") as file:
            file["showers"] = showers.astype(np.float32)
            file["incident_energies"] = energy[:, None]
        return path

    return make
