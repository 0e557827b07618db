"""Fitted models as arrays: what is laid out for the sampler says what the stencil says."""

import numpy as np
import pytest
import torch

from heitler.detectors import VoxelGrid
from heitler.kernels import RUN
from heitler.models.compound_hits.arrays import near_runs
from heitler.models.compound_hits.stencil import Stencil


@pytest.mark.parametrize("phases", [(1, 1), (4, 1), (3, 2)])
@pytest.mark.parametrize("gathered", [1, 3])
def test_runs_cover_near_members_in_order(phases, gathered):
    stencil = Stencil(VoxelGrid(12, 13, (5.0, 5.0), layer_z=(0.0,)).cell_centres, 1, phases)
    stencil.member_bin = torch.div(stencil.member_bin, gathered, rounding_mode="floor")
    bins, starts = near_runs(stencil)
    for row, bin_of, start in zip(stencil.member_bin.numpy(), bins, starts, strict=True):
        expanded = np.full(stencil.near + RUN, -1)
        for b, first in zip(bin_of, start, strict=True):
            expanded[first : first + RUN] = b
        assert (expanded[: stencil.near] == row[: stencil.near]).all()
