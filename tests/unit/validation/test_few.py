"""Comparisons of a few showers: means and their errors, nothing else."""

import json

import numpy as np
import pytest
from scipy.stats import norm, ttest_ind

from heitler.formats import open_showers
from heitler.observables import OBSERVABLES
from heitler.validation import compare, write_report
from heitler.validation.few import means
from heitler.validation.summary import findings, table


@pytest.fixture(scope="module")
def few(tmp_path_factory, toy_showers, write_showers):
    folder = tmp_path_factory.mktemp("few")
    bright = toy_showers(count=12, seed=3)
    bright.deposits.mul_(10.0)
    return {
        "geant4": write_showers(folder / "geant4.h5", toy_showers(count=10, seed=1)),
        "bright": write_showers(folder / "bright.h5", bright),
        "copy": write_showers(folder / "copy.h5", toy_showers(count=10, seed=1)),
        "one": write_showers(folder / "one.h5", toy_showers(count=1, seed=1)),
    }


@pytest.fixture(scope="module")
def comparison(few):
    with (
        open_showers(few["geant4"]) as reference,
        open_showers(few["bright"]) as bright,
        open_showers(few["copy"]) as copy,
    ):
        return compare(reference, {"bright": bright, "copy": copy})


def test_every_number_of_a_shower_has_a_mean_and_nothing_has_a_floor(comparison):
    scalars = [name for name, entry in OBSERVABLES.items() if entry.axis is None]
    assert [m.observable for m in comparison.means if m.candidate == "bright"] == scalars
    assert not comparison.rows
    assert not comparison.defects
    assert comparison.notes[0].startswith("only 10 showers per sample")


def test_means_and_their_significance_are_those_of_scipy(comparison):
    bright = comparison.candidates[0]
    for each in means(comparison.reference, [bright]):
        first = comparison.reference.values[each.observable]
        second = bright.values[each.observable]
        assert each.value.value == pytest.approx(second.mean())
        assert each.difference.error == pytest.approx(
            np.hypot(first.std(ddof=1) / 10**0.5, second.std(ddof=1) / 12**0.5)
        )
        if first.std() > 0 or second.std() > 0:
            p = ttest_ind(first, second, equal_var=False).pvalue
            assert each.excess == pytest.approx(norm.isf(p / 2), abs=1e-6)


def test_a_bright_candidate_is_off_and_a_copy_is_equal_and_named_one(comparison):
    bright, copy = comparison.candidates
    off = [finding.text for finding in findings(comparison, bright) if finding.verdict != "floor"]
    assert any(text.startswith("Visible / incident energy: mean ") for text in off)
    assert [finding.verdict for finding in findings(comparison, copy)] == ["floor"]
    assert any("copy: 100% of its showers are showers" in note for note in comparison.notes)
    line = next(line for line in table(comparison) if line.startswith("visible / incident"))
    assert line.count("±") == 3
    assert "*" in line or "!" in line


def test_the_page_says_what_is_left_out(comparison, tmp_path):
    write_report(comparison, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("only 10 showers per sample") == 1
    assert "Classifier AUC" not in page
    assert "performance-energy-linearity" not in page
    content = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert content["means"][0]["verdict"] in {"floor", "above", "far"}


def test_one_shower_has_no_mean_with_an_error(few):
    with (
        open_showers(few["geant4"]) as reference,
        open_showers(few["one"]) as one,
        pytest.raises(ValueError, match=r"one.h5 has 1 shower\(s\)"),
    ):
        compare(reference, {"one": one})
