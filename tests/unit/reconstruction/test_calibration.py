"""Calibration: known weights come back, responses become flat."""

from __future__ import annotations

import pytest
import torch

from heitler.detectors import load_detector
from heitler.reconstruction import Calibration, sampling_groups


def sample(count, seed, *, leak=0.0, spread=0.02):
    """E shared between two groups that sample 3 % and 1.5 % of it, less what leaks out."""
    generator = torch.Generator().manual_seed(seed)
    energy = 1e4 + 9e4 * torch.rand(count, generator=generator, dtype=torch.float64)
    share = 0.5 + 0.2 * torch.rand(count, generator=generator, dtype=torch.float64)
    kept = energy * (1.0 - leak * (energy / 1e5))
    noise = 1.0 + spread * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    groups = torch.stack([0.03 * share * kept, 0.015 * (1 - share) * kept], dim=1) * noise
    return groups, energy


def test_known_weights_come_back():
    groups, energy = sample(2000, 1, spread=0.0)
    fitted = Calibration.fit(groups, energy)
    assert fitted.weights == pytest.approx((1 / 0.03, 1 / 0.015), rel=1e-6)
    torch.testing.assert_close(fitted.energy(groups), energy)


def test_what_leaks_is_put_back_on_other_showers():
    fitted = Calibration.fit(*sample(4000, 1, leak=0.1))
    linear = Calibration.fit(*sample(4000, 1, leak=0.1), order=0)
    groups, energy = sample(4000, 2, leak=0.1)

    def bend(calibration):
        ratio = calibration.energy(groups) / energy
        means = [
            ratio[(energy >= 1e3 * e) & (energy < 1e3 * (e + 15))].mean()
            for e in range(10, 100, 15)
        ]
        return float((torch.stack(means) - 1).abs().max())

    assert bend(fitted) < 0.003
    assert bend(linear) > 0.02


def test_the_ends_of_the_range_are_not_bent():
    """Energies end at 10 and 100 GeV; fluctuations of 10 % are no reason to correct there.

    With f fitted in powers of ln S the upper end is 2 % low.
    """
    fitted = Calibration.fit(*sample(200_000, 1, spread=0.1))
    groups, energy = sample(200_000, 2, spread=0.1)
    ratio = fitted.energy(groups) / energy
    for inside in (energy < 1.2e4, (energy > 4e4) & (energy < 6e4), energy > 9.5e4):
        assert float(ratio[inside].mean()) == pytest.approx(1.0, abs=0.004)


def test_it_survives_being_written_down():
    groups, energy = sample(100, 1)
    fitted = Calibration.fit(groups, energy)
    assert Calibration.read(fitted.content) == fitted


def test_outside_of_the_fit_the_correction_is_that_of_its_end():
    groups, energy = sample(500, 1, leak=0.1)
    fitted = Calibration.fit(groups, energy)
    top = groups[[int(energy.argmax())]]
    assert float(fitted.energy(100 * top)) == pytest.approx(
        100 * float(fitted.energy(top)), rel=0.01
    )
    assert float(fitted.energy(torch.zeros(1, 2))) == 0.0


def test_groups_of_the_catalogue():
    """The ILD has 20 thin and 10 thick plates; CLIC one kind; CaloChallenge's are not known."""
    assert sampling_groups(load_detector("ild_ecal")).tolist() == [0] * 20 + [1] * 10
    assert sampling_groups(load_detector("clic_ecal")).unique().tolist() == [0]
    assert sampling_groups(load_detector("calochallenge_ds1_photons")).unique().tolist() == [0]


def test_what_makes_no_sense_is_refused():
    groups, energy = sample(4, 1)
    with pytest.raises(ValueError, match="needs 5 showers"):
        Calibration.fit(groups, energy)
    groups, energy = sample(50, 1)
    with pytest.raises(ValueError, match="2 groups of layers, got 3"):
        Calibration.fit(groups, energy).energy(torch.zeros(1, 3))
