"""The pure parts of benchmarks/calorimeter_gan.py: the law of the centre, the tables."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from heitler.detectors import load_detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers

pytest.importorskip("lightning")
pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("calorimeter_gan")


def test_the_law_of_the_centre_is_found_again(script):
    rng = np.random.default_rng(1)
    x, t, noise = (
        rng.uniform(-20, 20, 4000),
        rng.uniform(-0.2, 0.2, 4000),
        rng.normal(0, 2.5, 4000),
    )
    found = script._fit(np.column_stack([x, t, 0.3 + 0.9 * x + 120.0 * t + noise]))
    assert found == pytest.approx((0.9, 120.0, 2.5), rel=0.03)


def test_the_centre_is_that_of_the_cells_and_follows_the_entry(script):
    """One hit in a cell far off: centre, entry and slopes are those that were put in."""
    detector = load_detector("shashlik_ecal")
    particles = IncidentParticles.beam([5e3] * 4, impact=(12.0, -7.0))
    deposits = torch.zeros(4, detector.geometry.cells)
    cell = 17
    deposits[:, cell] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    sample = script.Sample(Showers(deposits, particles, detector))
    x, y, _ = detector.geometry.cell_centres[cell].tolist()
    assert sample.values["centre_x"] == pytest.approx([x] * 4, abs=1e-3)
    assert sample.values["centre_y"] == pytest.approx([y] * 4, abs=1e-3)
    assert sample.entry == pytest.approx(np.tile([12.0, -7.0, 0.0, 0.0], (4, 1)), abs=1e-6)
    assert sample.energy == pytest.approx([5.0] * 4)


def test_a_bootstrap_error_is_that_of_the_mean(script):
    values = np.random.default_rng(2).normal(3.0, 2.0, 900)
    estimate = script.bootstrap(script._mean, values)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.error == pytest.approx(2.0 / 30, rel=0.2)
