"""The pure parts of benchmarks/threedgan_angle.py: angles, windows, the learning curve."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch

from heitler.detectors import load_detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.units import degree

pytest.importorskip("lightning")
pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("threedgan_angle")


@pytest.fixture
def straight():
    """Showers that are one straight line from the point of entry, at 61, 75, 90, 105 and 119."""
    detector = load_detector("clic_ecal_51")
    theta = torch.tensor([61.0, 75.0, 90.0, 105.0, 119.0], dtype=torch.float64) * degree
    particles = IncidentParticles.beam([5e4] * 5, theta=theta)
    grid, depth = torch.zeros(5, *detector.geometry.grid_shape), detector.geometry.layer_z
    rows = 25 + depth / torch.tan(theta)[:, None] / 5.1
    for layer in range(25):
        low = rows[:, layer].floor().long()
        share = (rows[:, layer] - low).float()
        grid[torch.arange(5), layer, low, 25] = 1 - share
        grid[torch.arange(5), layer, low + 1, 25] = share
    return Showers(detector.geometry.from_grid(grid), particles, detector)


def test_true_and_measured_angles_of_straight_showers(script, straight):
    asked = [61.0, 75.0, 90.0, 105.0, 119.0]
    assert script.true_angle(straight).tolist() == pytest.approx(asked)
    assert script.line(straight).tolist() == pytest.approx(asked, abs=1e-3)


def test_windows_of_the_angle(script, straight):
    found = [script.true_angle(pick(straight)).tolist() for pick in script.ANGLES.picks.values()]
    assert [[round(angle) for angle in angles] for angles in found] == [[61, 75], [90], [105, 119]]


def test_curves_are_read_pass_by_pass_in_their_units(script, tmp_path):
    lines = ["epoch,stage,metric,value"]
    for epoch in range(8):
        lines += [
            f"{epoch},adversarial,{name},{2.0**-epoch}" for name, _ in script.CURVES.values()
        ]
    (tmp_path / "metrics.csv").write_text("\n".join(lines) + "\n")
    curves = script.learning(script.Run(None, {}, {}, tmp_path))
    assert curves["sum of the cells, %"][:3] == [1.0, 0.5, 0.25]
    assert curves["line against Geant4's, degrees"][0] == pytest.approx(1 / degree)
    assert script.passes(curves).splitlines()[0] == "| pass | 1 | 2 | 4 | 8 |"
