"""What a critic sees of a shower, by hand."""

import math

import pytest
import torch

from heitler.networks import ImageView, ShowerView


@pytest.fixture
def showers():
    generator = torch.Generator().manual_seed(4)
    cells = torch.empty(200, 5).exponential_(generator=generator)
    cells[torch.rand(200, 5, generator=generator) < 0.4] = 0.0
    return torch.cat([torch.randn(200, 1, generator=generator), cells], dim=1)


def test_columns_by_hand():
    view = ShowerView(1, (2, 3), unit=1.0)
    x = torch.tensor([[0.7, 3.0, 0.0, 1.0, 0.0, 0.0]])
    got = view(x)[0]
    assert view.size == len(got) == 1 + 5 + 2 + 2 + 3
    ln = math.log
    assert got[:6].tolist() == pytest.approx([0.7, ln(4), 0, ln(2), 0, 0])
    energies = [3.0 + 1.0, 1.0 + 1.0]  # each with the unit
    assert got[6:8].tolist() == pytest.approx([ln(e / sum(energies)) for e in energies])
    assert got[8:10].tolist() == pytest.approx([0.75, 0.5])
    assert float(got[10]) == pytest.approx(ln(6.0))


def test_groups_have_the_same_variance(showers):
    view = ShowerView(1, (2, 3), unit=0.1)
    view.fit(showers)
    seen = view(showers)
    torch.testing.assert_close(seen.mean(dim=0), torch.zeros(view.size), rtol=0.0, atol=1e-4)
    totals = [float(part.sum()) for part in seen.var(dim=0).split(view.groups)]
    assert totals == pytest.approx([10.0] * 5, rel=1e-3)


def test_an_image_shows_its_centre_and_widths_as_much_as_its_energy(showers):
    views = [view(1, (2, 3), unit=0.1) for view in (ShowerView, ImageView)]
    for view in views:
        view.fit(showers)
    shape = slice(-3, None)  # ln E, centre, width
    together, apart = (view(showers).var(dim=0)[shape] for view in views)
    assert float(together.sum()) == pytest.approx(10.0, rel=1e-3)
    assert apart.tolist() == pytest.approx([10.0] * 3, rel=1e-3)
    before, after = (view(showers)[:, shape].mT for view in views)
    assert torch.corrcoef(torch.cat([before, after]))[:3, 3:].diag().tolist() == pytest.approx(
        [1] * 3
    )


def test_a_shifted_shower_has_another_centre_and_the_same_width():
    centres = torch.tensor([[float(x), 0.0, 0.0] for x in range(8)], dtype=torch.float64)
    view = ShowerView(0, (8,), unit=1e-6, centres=centres)
    x = torch.zeros(2, 8)
    x[0, 1:4] = x[1, 4:7] = torch.tensor([1.0, 2.0, 1.0])
    shape = view(x)[:, -7:]  # ln E, centre (3), width (3)
    step = float(centres[:, 0].std())
    assert float(shape[1, 1] - shape[0, 1]) == pytest.approx(3.0 / step, rel=1e-4)
    assert float(shape[0, 4]) == pytest.approx(0.5**0.5 / step, rel=1e-3)
    torch.testing.assert_close(shape[0, [0, 4]], shape[1, [0, 4]], rtol=1e-4, atol=1e-5)


def test_what_was_fitted_is_saved(showers):
    view = ShowerView(1, (2, 3), unit=0.1)
    view.fit(showers)
    other = ShowerView(1, (2, 3), unit=0.1)
    other.load_state_dict(view.state_dict())
    assert torch.equal(other(showers), view(showers))


def test_empty_showers_are_finite():
    view = ShowerView(0, (2, 3), unit=0.1)
    view.fit(torch.zeros(10, 5))
    assert bool(torch.isfinite(view(torch.zeros(3, 5))).all())
