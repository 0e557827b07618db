"""Columns as shares of the energy."""

import torch

from heitler.preprocessing import Features, Relative


def test_chosen_columns_are_shares_and_others_stay():
    cells = torch.tensor([[10.0, 7.0, 3.0], [40.0, 7.0, 5.0]])
    energy = torch.tensor([20.0, 50.0])
    out = Relative([0, 2])(Features(torch.zeros(2, 0), cells), energy).cells
    torch.testing.assert_close(out, torch.tensor([[0.5, 7.0, 0.15], [0.8, 7.0, 0.1]]))
