"""Errors in percent and counts in bins of energy, by hand."""

import math

import numpy as np
import pytest
import torch

from heitler.losses import line_angle, percentage_error, soft_counts


def test_the_percentage_error_by_hand():
    value, target = torch.tensor([1.1, 3.0]), torch.tensor([1.0, 4.0])
    assert float(percentage_error(value, target)) == pytest.approx((10.0 + 25.0) / 2)


def test_the_percentage_error_is_relative_to_the_target():
    one, two = torch.tensor([1.0]), torch.tensor([2.0])
    assert float(percentage_error(one, two)) == pytest.approx(50.0)
    assert float(percentage_error(two, one)) == pytest.approx(100.0)


def test_a_target_of_zero_costs_much_but_not_without_end():
    assert bool(torch.isfinite(percentage_error(torch.ones(3), torch.zeros(3))))
    value, target = torch.tensor([0.5, 5.0]), torch.tensor([0.0, 4.0])
    assert float(percentage_error(value, target, least=1.0)) == pytest.approx((50.0 + 25.0) / 2)


def test_counts_by_hand():
    """Two edges at 1 and 4; a cell on an edge counts half on either side."""
    cells = torch.tensor([[0.0, 0.2, 1.0, 2.0, 100.0]])
    got = soft_counts(cells, (1.0, 4.0), softness=0.02)
    torch.testing.assert_close(got, torch.tensor([[2.5, 1.5, 1.0]]), rtol=0, atol=1e-5)


def test_one_cell_near_an_edge_by_the_formula():
    got = soft_counts(torch.tensor([[3.0]]), (2.0,), softness=0.5)
    above = 1 / (1 + (2 / 3) ** 2)
    assert got[0].tolist() == pytest.approx([1 - above, above])


def test_hard_counts_are_those_of_a_histogram():
    cells = torch.rand(6, 40, generator=torch.Generator().manual_seed(1))
    edges = (0.1, 0.4, 0.7)
    expected = [np.histogram(row, bins=[0, *edges, 2])[0] for row in cells.numpy()]
    got = soft_counts(cells, edges, softness=1e-5)
    torch.testing.assert_close(got, torch.tensor(np.array(expected)).float(), rtol=0, atol=1e-2)


def test_counts_keep_the_number_of_cells_and_have_a_gradient():
    cells = torch.rand(3, 20, generator=torch.Generator().manual_seed(2)).requires_grad_()
    counts = soft_counts(cells, (0.3, 0.5))
    torch.testing.assert_close(counts.sum(dim=1), torch.full((3,), 20.0))
    counts[:, 2].sum().backward()
    assert bool((cells.grad >= 0).all())  # more energy, more cells in the last bin
    assert bool((cells.grad > 0).any())


def test_empty_cells_have_no_gradient_and_count_below():
    cells = torch.zeros(2, 5, requires_grad=True)
    counts = soft_counts(cells, (0.3,))
    torch.testing.assert_close(counts, torch.tensor([[5.0, 0.0]] * 2))
    counts[:, 1].sum().backward()
    assert bool((cells.grad == 0).all())


PLACES = torch.cartesian_prod(torch.arange(2.0), torch.arange(5.0) - 2, 10 + torch.arange(4.0))
"""Cells of a grid in mm: x, y and z."""


def cells_at(*places):
    """One shower with an energy at places (y, z), in the first column of x."""
    x = torch.zeros(1, len(PLACES))
    for y, z, energy in places:
        x[0, (torch.tensor([0.0, y, 10 + z]) == PLACES).all(dim=1)] = energy
    return x


def test_the_angle_of_a_line_by_hand():
    """Slopes 1/2, 0 and -1; the last by cells of unequal energy on one line."""
    showers = [
        cells_at((-1.0, 0.0, 1.0), (0.0, 2.0, 1.0)),
        cells_at((1.0, 1.0, 2.0), (1.0, 3.0, 5.0)),
        cells_at((2.0, 0.0, 1.0), (1.0, 1.0, 7.0), (-1.0, 3.0, 0.5)),
    ]
    found = line_angle(torch.cat(showers), PLACES)
    right = math.pi / 2
    expected = [right - math.atan(0.5), right, right + math.atan(1.0)]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=0, atol=1e-5)


def test_the_angle_of_a_line_is_that_of_a_weighted_polynomial_fit():
    x = torch.rand(5, len(PLACES), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    places = PLACES.double().numpy()
    for row, angle in zip(x.numpy(), line_angle(x, PLACES).numpy(), strict=True):
        slope, _ = np.polyfit(places[:, 2], places[:, 1], 1, w=np.sqrt(row))
        assert angle == pytest.approx(math.pi / 2 - math.atan(slope), abs=1e-9)


def test_a_mirrored_shower_leans_to_the_other_side_and_energies_have_no_unit():
    x = torch.rand(5, len(PLACES), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    mirrored = PLACES * torch.tensor([1.0, -1.0, 1.0])
    angle = line_angle(x, PLACES)
    torch.testing.assert_close(line_angle(x, mirrored), math.pi - angle)
    torch.testing.assert_close(line_angle(1e3 * x, PLACES + 50), angle, rtol=0, atol=1e-6)


def test_a_shower_without_a_line_is_perpendicular_and_has_a_finite_gradient():
    x = torch.cat([torch.zeros(1, len(PLACES)), cells_at((1.0, 2.0, 3.0))]).requires_grad_()
    angle = line_angle(x, PLACES)
    torch.testing.assert_close(angle, torch.full((2,), math.pi / 2), rtol=0, atol=1e-4)
    angle.sum().backward()
    assert bool(torch.isfinite(x.grad).all())
