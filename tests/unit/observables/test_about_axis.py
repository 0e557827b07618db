"""Looking cells up where all showers have one axis gives what each shower gives by itself."""

import pytest
import torch

from heitler.detectors import load_detector
from heitler.observables import azimuthal_profile, radial_profile


@pytest.mark.parametrize("observable", [radial_profile, azimuthal_profile])
@pytest.mark.parametrize("detector", ["ild_ecal_coarse", "calochallenge_ds1_pions"])
def test_one_axis_is_no_different(observable, detector, toy_showers):
    showers = toy_showers(load_detector(detector), 20)
    showers.deposits.clamp_(min=1e-3)  # more hits than cells, so that the look-up is used
    alone = torch.cat([observable(showers[row : row + 1]) for row in range(len(showers))])
    torch.testing.assert_close(observable(showers), alone, rtol=1e-12, atol=1e-15)
