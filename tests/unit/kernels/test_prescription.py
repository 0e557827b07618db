"""The compiled prescription and the one in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heitler.kernels import COMPILED, MOST_WOBBLE
from heitler.models import draw


@pytest.fixture(scope="module", params=[(1, 1), (2, 3)], ids=["one phase", "six phases"])
def model(request, toys):
    model = toys.model_of(request.param)
    torch.manual_seed(2)
    for network in [*model.flow.networks, model.flow.affine]:
        for weights in network.parameters():
            weights.data = 0.3 * torch.randn(weights.shape)
    # Some showers get all of the wobble that there may be, others a part of it.
    z, c = draw(model.noise, 100, (1,)), conditions(model, 100)
    visible = model.prescribe_plainly(z, c).goal[:, 0]
    model.get_buffer("wobble").fill_(float(0.8 * np.median(visible)))
    model._forget()
    return model


def conditions(model, count, pitch=5.0, side=11):
    c = torch.randn(count, 5, generator=torch.Generator().manual_seed(4))
    c[:, 1:3] = pitch * (side / 2 + 3.0 * c[:, 1:3]) + float(model.shape.centres[0, 0])
    c[:, 3:5] *= 0.5
    return c


@pytest.mark.skipif(not COMPILED, reason="numba is missing")
@pytest.mark.parametrize("count", [0, 1, 500])
def test_both_prescribe_the_same(model, count):
    c = conditions(model, count)
    z = draw(model.noise, count, (3,))
    one, two = model.prescribe(z, c), model.prescribe_plainly(z, c)
    for name in ("y", "x", "phase", "crossing", "key"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)
    for name in ("coefficients", "field", "goal"):
        a, b = getattr(one, name), getattr(two, name)
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_field_wobbles(model):
    """The comparison above is of a field that is there, with shares of the wobble that differ."""
    z, c = draw(model.noise, 500, (3,)), conditions(model, 500)
    made = model.prescribe(z, c)
    share = float(model.get_buffer("wobble")) / made.goal[:, 0]
    assert 0.2 < float((share > MOST_WOBBLE).mean()) < 0.8
    assert np.abs(made.field[:, 6:16]).max() > 0.01


def test_the_prior_bends_numbers(model):
    """The comparison above is of splines that do something, and of tails beyond them."""
    z = draw(model.noise, 500, (3,))
    summaries = model.flow.sample(z["summaries"], torch.zeros(500, 2))
    affine = model.flow.affine.bias.detach().chunk(2)
    straight = z["summaries"] * affine[1].exp() + affine[0]
    moved = (summaries - straight).abs() > 0.05
    assert 0.2 < float(moved.float().mean()) < 1.0


def test_changed_weights_count(model):
    c, z = conditions(model, 5), draw(model.noise, 5, (3,))
    before = model.prescribe(z, c)
    state = {name: values.clone() for name, values in model.state_dict().items()}
    model.load_state_dict({**state, "flow.affine.bias": state["flow.affine.bias"] + 0.1})
    after = model.prescribe(z, c)
    model.load_state_dict(state)
    assert (before.goal != after.goal).any()
