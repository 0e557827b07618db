"""Comparing histograms: by hand, at the floor, and what cannot be compared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from heitler.formats import holds_histograms, read_histograms
from heitler.histograms import Histogram, Histograms
from heitler.validation.binned import compare_histograms, table


def histogram(values, name="a", content="showers"):
    values = np.array(values, dtype=np.float64)
    edges = np.arange(values.size + 1.0)
    return Histogram(name, "depth", "mm", content, content, edges, values)


def sample(*entries):
    return Histograms("toy", entries)


def rows(first, second):
    return compare_histograms(sample(*first), {"model": sample(*second)}, {}).rows


def test_a_hand_calculation():
    (row,) = rows([histogram([1, 1])], [histogram([3, 1])])
    # h = (1/2, 1/2) and (3/4, 1/4): (1/16)/(5/4) + (1/16)/(3/4), halved
    assert row.value == pytest.approx(0.5 * (0.0625 / 1.25 + 0.0625 / 0.75))
    assert row.floor == pytest.approx((1 / 2 + 1 / 4) / 4)


def test_the_floor_is_the_mean_over_equal_distributions():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(30, 5.0))
    pairs = [rng.multinomial([4000, 9000], shares) for _ in range(400)]
    values = [rows([histogram(a)], [histogram(b)])[0] for a, b in pairs]
    mean = np.mean([row.value for row in values])
    assert mean == pytest.approx(values[0].floor, rel=0.05)
    spread = np.std([row.value for row in values])
    assert np.mean([row.error for row in values]) == pytest.approx(spread, rel=0.2)


def test_what_is_not_filled_is_missing_on_either_side():
    first = [histogram([1, 2]), histogram([0, 0], "b"), histogram([0, 0], "c")]
    second = [histogram([0, 0]), histogram([1, 2], "b"), histogram([0, 0], "c")]
    assert [row.missing for row in rows(first, second)] == [
        ("model",),
        ("reference",),
        ("reference", "model"),
    ]


def test_points_have_no_error():
    (row,) = rows([histogram([1, 1], content="points")], [histogram([3, 1], content="points")])
    assert row.value is not None
    assert row.error is row.floor is None
    assert str(row) == f"{row.value:.5f}"


def test_histograms_must_be_alike():
    first = histogram([1, 2])
    with pytest.raises(ValueError, match="model has no histogram a"):
        rows([first], [])
    other = dataclasses.replace(first, edges=first.edges * 2)
    with pytest.raises(ValueError, match="other bins of a"):
        rows([first], [other])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": np.array([0.0, 2.0, 1.0])}, "must increase"),
        ({"edges": np.array([0.0, 1.0])}, "2 edges need 1 contents"),
        ({"values": np.array([1.0, -1.0])}, "finite and not negative"),
    ],
)
def test_a_histogram_is_checked(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(histogram([1, 2]), **change)


def test_the_table_has_a_line_for_every_histogram():
    comparison = compare_histograms(
        sample(histogram([1, 2]), histogram([5, 5], "b", "points")),
        {"m": sample(histogram([0, 0]), histogram([5, 5], "b", "points"))},
        {},
    )
    assert table(comparison)[1:] == [
        "a                 missing in m  -",
        "b                 0.00000       -",
    ]


def test_other_archives_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", something=np.zeros(3))
    assert holds_histograms(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="no convention of histograms, its keys are something"):
        read_histograms(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_text("text")
    assert not holds_histograms(tmp_path / "y.npz")
    with pytest.raises(ValueError, match="not a numpy archive"):
        read_histograms(tmp_path / "y.npz")
