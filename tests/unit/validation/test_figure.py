"""Figures as data: fractions, ratios, differences and the ranges they are drawn in."""

import numpy as np
import pytest

from heitler.validation.figures import Axis, Curve, Figure, Grid, Group, Matrix


def figure(reference, *candidates, below="ratio", log=False):
    first, *others = (
        Curve(str(n), np.array(values, dtype=float), np.full(len(values), 0.01))
        for n, values in enumerate((reference, *candidates))
    )
    return Figure(
        name="f",
        title="t",
        caption="c",
        x=Axis("energy", "MeV", log=log),
        y=Axis("showers"),
        edges=np.array([1.0, 10.0, 100.0]),
        reference=first,
        candidates=tuple(others),
        below=below,
    )


def test_fractions_of_counts_tell_what_is_beyond():
    curve = Curve.of_counts("a", np.array([16.0, 64.0]), 100)
    assert curve.values == pytest.approx([0.16, 0.64])
    assert curve.errors == pytest.approx([0.04, 0.08])
    assert curve.beyond == pytest.approx(0.2)
    assert Curve.of_counts("a", np.array([16.0, 64.0])).beyond == 0.0
    assert (Curve.of_counts("a", np.zeros(2)).values == 0).all()


def test_ratios_and_differences_with_their_errors():
    made = figure([0.5, 2.0], [1.0, 1.0])
    below = made.compared(made.candidates[0])
    assert below.values == pytest.approx([2.0, 0.5])
    assert below.errors == pytest.approx([0.02, 0.005])
    made = figure([0.5, 2.0], [1.0, 1.0], below="difference")
    assert made.compared(made.candidates[0]).values == pytest.approx([0.5, -1.0])
    assert made.compared(made.candidates[0]).errors == pytest.approx([0.01, 0.01])


def test_there_is_no_ratio_to_nothing():
    made = figure([0.0, 1.0], [1.0, 1.0])
    assert np.isnan(made.compared(made.candidates[0]).values).tolist() == [True, False]


@pytest.mark.parametrize(("off", "span"), [(0.0, 0.02), (0.03, 0.05), (0.3, 0.5), (7.0, 1.0)])
def test_the_range_of_ratios_is_one_of_a_few(off, span):
    assert figure([1.0, 1.0], [1.0, 1.0 + off]).span == span


@pytest.mark.parametrize(("off", "span"), [(0.9, 1.5), (1.2, 1.5), (0.021, 0.03), (70.0, 100.0)])
def test_the_range_of_differences_is_round(off, span):
    made = figure([1.0, 1.0], [1.0 + off, 1.0 + off], below="difference")
    assert made.span == pytest.approx(span)


def test_an_axis_says_its_unit_and_where_its_bins_are():
    assert figure([1, 1], [1, 1]).x.text == "energy [MeV]"
    assert figure([1, 1], [1, 1]).centres == pytest.approx([5.5, 55.0])
    assert figure([1, 1], [1, 1], log=True).centres == pytest.approx([10**0.5, 10**1.5])


def test_a_matrix_knows_its_differences():
    unit = np.eye(2)
    made = Matrix(
        "m", "t", "c", Axis("layer"), (), Grid("r", unit), (Grid("a", unit), Grid("b", 0.7 * unit))
    )
    assert made.differences[1].values == pytest.approx(-0.3 * unit)
    assert made.span == 0.5


def test_a_group_yields_what_is_inside():
    inner = Group("b", "B", "", (figure([1, 1], [1, 1]),))
    outer = Group("a", "A", "", (figure([1, 1], [1, 1]),), (inner, inner))
    assert len(list(outer.every())) == 3
