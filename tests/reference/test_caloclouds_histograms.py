"""Histograms of 100 000 photons, Geant4 and a published model: separation powers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from heitler.cli import main
from heitler.formats import read_histograms
from heitler.validation.binned import compare_histograms

# As the data's README has them, by the number of the histogram.
PUBLISHED = {
    0: 0.02140,
    1: 0.01885,
    4: 0.10145,
    5: 0.12649,
    6: 0.07570,
    7: 0.00107,
    8: 0.05059,
    9: 0.00123,
}
MISSING = {2, 3, 11}


@pytest.fixture(scope="module")
def files(shared_data):
    return [
        shared_data(f"third_party/caloclouds3/{name}.npz") for name in ("Geant_4", "CaloClouds3")
    ]


@pytest.fixture(scope="module")
def comparison(files):
    reference, model = map(read_histograms, files)
    return compare_histograms(reference, {"model": model}, {})


def test_separation_powers_match_plain_numpy_and_the_readme(files, comparison):
    first, second = (np.load(path) for path in files)
    assert len(comparison.rows) == 12
    for number, row in enumerate(comparison.rows):
        h1, h2 = (archive[f"counts_{number}"] for archive in (first, second))
        if number in MISSING:
            assert row.value is None
            assert row.missing == ("model",)
            assert not h2.any()
            continue
        h1, h2 = h1 / h1.sum(), h2 / h2.sum()
        both = (h1 > 0) | (h2 > 0)
        expected = 0.5 * ((h1 - h2)[both] ** 2 / (h1 + h2)[both]).sum()
        assert row.value == pytest.approx(expected, rel=1e-12)
        if number in PUBLISHED:
            assert round(row.value, 5) == PUBLISHED[number]


def test_only_showers_are_independent(comparison):
    for entry, row in zip(comparison.reference.entries, comparison.rows, strict=True):
        independent = entry.content == "showers"
        assert (row.error is not None) == (row.floor is not None) == independent


def test_bins_are_where_the_particles_entered(comparison):
    """The gun stands at x = 0 and z = -70 mm: so do the mean centres of gravity."""
    for name, place in (("centre_x", 0.0), ("centre_z", -70.0)):
        entry = comparison.reference[name]
        middle = (entry.edges[1:] + entry.edges[:-1]) / 2
        assert np.average(middle, weights=entry.values) == pytest.approx(place, abs=0.5)
    energy = comparison.reference["energy"]
    middle = (energy.edges[1:] + energy.edges[:-1]) / 2
    total = np.average(middle, weights=energy.values)
    per_shower = comparison.reference["layer_energy"].values.sum() * 1e3 / 1e5
    assert total == pytest.approx(per_shower, rel=0.01)


def test_the_verb_writes_the_report(files, tmp_path, capsys):
    output = tmp_path / "report"
    assert main(["validate", *map(str, files), "-o", str(output)]) == 0
    said = capsys.readouterr()
    assert "layer_points" in said.out
    assert "missing in CaloClouds3" in said.out
    assert "has not filled layer_points, layer_energy, layer_mean" in said.err
    rows = json.loads((output / "metrics.json").read_text())["rows"]
    assert rows[4]["value"] == pytest.approx(0.10145, abs=5e-6)
    page = (output / "report.html").read_text()
    assert page.count("<svg") == 12
    assert "0.10145" in page
    assert "http" not in page.replace("http://www.w3.org", "")
