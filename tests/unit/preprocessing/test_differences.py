"""Columns relative to columns before them, and points of no width."""

import pytest
import torch

from heitler.preprocessing import Differences, Features, Snap

ENERGY = torch.ones(2)


def features(rows):
    return Features(torch.zeros(2, 0), torch.tensor(rows))


def test_differences_by_hand():
    made = Differences([None, 0, None, 1])(
        features([[1.0, 5.0, 7.0, 9.0], [2.0, 2.0, 0.0, 2.0]]), ENERGY
    )
    assert made.cells.tolist() == [[1.0, 4.0, 7.0, 4.0], [2.0, 0.0, 0.0, 0.0]]


def test_columns_that_agree_come_back_equal_to_the_last_bit():
    """Whatever a model makes of the first column, others follow where their difference is 0."""
    first = torch.randn(2, 1, generator=torch.Generator().manual_seed(1))
    made = torch.cat([first, torch.zeros(2, 2)], dim=1)
    back = Differences([None, 0, 1]).inverse(Features(torch.zeros(2, 0), made), ENERGY).cells
    assert torch.equal(back, first.expand(2, 3))


def test_a_column_cannot_wait_for_one_behind_it():
    with pytest.raises(ValueError, match="column 1 can have a column before it taken off"):
        Differences([None, 1])


def test_numbers_near_zero_are_zero_in_columns_that_have_a_width():
    made = features([[0.05, -0.05, 0.05], [0.2, -0.2, 0.0]])
    back = Snap([0.1, 0.1, 0.0]).inverse(made, ENERGY).cells
    torch.testing.assert_close(back, torch.tensor([[0.0, 0.0, 0.05], [0.2, -0.2, 0.0]]))
    assert Snap([0.1, 0.1, 0.0])(made, ENERGY) is made
