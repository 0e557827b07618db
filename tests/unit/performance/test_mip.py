"""The MIP peak of toy spectra."""

import numpy as np
import pytest
from scipy.stats import moyal

from heitler.performance import mip_peak

EDGES = np.linspace(0.0, 0.8, 81)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2


def spectrum(mode, *, soft=0.0, count=1e6):
    """Expected cells per bin: a Moyal curve on soft cells that fall off."""
    peak = moyal.pdf(np.asarray(CENTRES), loc=mode, scale=0.025)
    return count * 0.01 * (peak + soft * np.exp(-CENTRES / 0.1))


@pytest.mark.parametrize("mode", [0.14, 0.17, 0.21])
def test_the_mode_of_a_moyal_curve(mode):
    peak = mip_peak(EDGES, spectrum(mode), expected=0.2)
    assert peak.position.value == pytest.approx(mode, abs=0.002)
    assert peak.half.value == pytest.approx(peak.position.value / 2)
    assert peak.half.error == pytest.approx(peak.position.error / 2)


def test_soft_cells_in_front_are_not_the_peak():
    counts = spectrum(0.17, soft=20.0)
    assert counts.argmax() == 0
    fine = np.linspace(0.1, 0.25, 20_001)
    density = moyal.pdf(fine, loc=0.17, scale=0.025) + 20.0 * np.exp(-fine / 0.1)
    truth = fine[5000:][density[5000:].argmax()]
    peak = mip_peak(EDGES, counts, expected=0.2)
    assert peak.position.value == pytest.approx(truth, abs=0.003)


def test_the_error_is_the_scatter_but_for_the_choice_of_bins():
    rng = np.random.default_rng(1)
    expected = spectrum(0.17, soft=1.0, count=1e5)
    peaks = [mip_peak(EDGES, rng.poisson(expected), expected=0.2).position for _ in range(200)]
    scatter = np.std([peak.value for peak in peaks])
    assert 1.0 < scatter / np.mean([peak.error for peak in peaks]) < 1.4


def test_the_cut_takes_what_is_below_half():
    counts = spectrum(0.17, count=1e4) + np.where(np.arange(80) < 5, 1000.0, 0.0)
    peak = mip_peak(EDGES, counts, expected=0.2)
    assert peak.below_half == pytest.approx(5000.0 / counts.sum(), rel=0.01)


def test_spectra_without_a_peak():
    with pytest.raises(ValueError, match=r"no peak near 0\.2 MeV"):
        mip_peak(EDGES, np.exp(-CENTRES / 0.1) * 1e4, expected=0.2)
    with pytest.raises(ValueError, match="only a rise"):
        mip_peak(EDGES, np.exp(CENTRES / 0.1), expected=0.2)
    with pytest.raises(ValueError, match="take narrower bins"):
        mip_peak(EDGES[::4], spectrum(0.17).reshape(20, 4).sum(axis=1), expected=0.2)
