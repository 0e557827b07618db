"""The 3DGAN: its conditions, the fitted sampling fraction, and each loss by hand."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from heitler.models import ShowerShape, ThreeDGAN, draw
from heitler.models.threedgan import LossWeights, NetworkSizes

GRID = (4, 3, 5)
CENTRES = torch.cartesian_prod(*(torch.arange(float(n)) for n in GRID)).flip(1)
"""Cells of 1 mm: x, y and z from the first cell."""
COLUMNS = {"scaled_energy": slice(0, 1), "theta": slice(1, 2), "type": slice(2, 4)}
SMALL = NetworkSizes(latent=6, generator=(2, 3, 2, 2), discriminator=(2, 2, 2, 2))


def shape(columns=("scaled_energy",), grid=GRID, globals_=0, centres=CENTRES):
    told = {name: COLUMNS[name] for name in columns}
    return ShowerShape((15,) * 4, globals_, 4, told, centres=centres, grid=grid)


def build(columns=("scaled_energy",), **settings):
    torch.manual_seed(1)
    return ThreeDGAN(shape(columns), sizes=SMALL, **settings)


def batch(count=8):
    generator = torch.Generator().manual_seed(1)
    u = 0.1 + torch.rand(count, 1, generator=generator)
    theta = 1 + torch.rand(count, 1, generator=generator)
    kind = torch.eye(2)[torch.arange(count) % 2]
    x = torch.rand(count, 60, generator=generator)
    x[x < 0.5] = 0.0
    return x * u, torch.cat([u, theta, kind], dim=1)


def test_it_says_what_it_needs():
    with pytest.raises(ValueError, match="60 cells on a full grid, got a grid of \\(\\)"):
        ThreeDGAN(shape(grid=()))
    with pytest.raises(ValueError, match="full grid, got a grid of \\(4, 3, 6\\)"):
        ThreeDGAN(shape(grid=(4, 3, 6)))
    with pytest.raises(ValueError, match=r"needs the condition heitler\.preprocessing\.Scaled"):
        ThreeDGAN(shape(("theta",)))
    with pytest.raises(ValueError, match="leave out transforms that add quantities"):
        ThreeDGAN(shape(globals_=1))
    with pytest.raises(ValueError, match="needs the centres of the cells to see an angle"):
        ThreeDGAN(shape(("scaled_energy", "theta"), centres=None))
    with pytest.raises(ValueError, match=r"measures no angle; .* heitler\.preprocessing\.Theta"):
        build().measure_angle(batch()[0])


def test_latent_numbers_are_multiplied_by_energy_and_type_and_the_angle_follows():
    model = build(("scaled_energy", "theta", "type"))
    _, c = batch()
    z = draw(model.noise, 8, (2,))
    got = model._numbers(z, c)
    embedding = model.embedding.weight.T[torch.arange(8) % 2]
    torch.testing.assert_close(got[:, :6], c[:, :1] * z["latent"] * embedding)
    torch.testing.assert_close(got[:, 6], (c[:, 1] - math.pi / 2) / 0.2)


@pytest.mark.parametrize(("columns", "change"), [(("theta",), 1), (("type",), 2)])
def test_showers_depend_on_angle_and_type(columns, change):
    model = build(("scaled_energy", *columns))
    _, c = batch()
    z = draw(model.noise, 8, (2,))
    other = c.clone()
    other[:, change] += 0.5
    with torch.no_grad():
        assert not torch.equal(model(z, c), model(z, other))


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_the_sampling_fraction_is_the_polynomial_of_the_training_showers(power):
    """Cells whose energies sum to u (2.2 - 0.3 u + 0.1 u^2)."""
    model = build(power=power, degree=2)
    x, c = batch(40)
    u = c[:, 0]
    wanted = u * (2.2 - 0.3 * u + 0.1 * u**2)
    cells = x / x.sum(dim=1, keepdim=True) * wanted[:, None]
    with torch.no_grad():
        model.prepare("adversarial", cells**power, c, draw(model.training_noise, 40, (1,)))
    assert model.fraction.tolist() == pytest.approx([2.2, -0.3, 0.1], rel=1e-3)
    torch.testing.assert_close(model.expected_sum(c), wanted, rtol=1e-4, atol=1e-5)


def test_a_constant_fraction_is_the_mean_response():
    model = build(degree=0, power=1.0)
    x, c = batch(40)
    with torch.no_grad():
        model.prepare("adversarial", x, c, draw(model.training_noise, 40, (1,)))
    response = x.sum(dim=1) / c[:, 0]
    assert model.fraction.tolist() == pytest.approx([float(response.mean())], rel=1e-5)


def test_the_measured_energy_starts_near_the_energy():
    """Showers whose cells are all u: a linear law of the features."""
    model = build(power=1.0)
    _, c = batch(60)
    x = c[:, :1] * torch.rand(60, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        model.prepare("adversarial", x, c, draw(model.training_noise, 60, (1,)))
        error = model.measure(x) / c[:, 0] - 1
    assert float(error.abs().mean()) < 0.05


def told(model, phase, columns=("scaled_energy",), **weights):
    """The loss of a phase with some weights only, and what it is made of."""
    every = dict.fromkeys(
        ("adversarial", "energy", "angle", "line", "total", "counts", "kind"), 0.0
    )
    model.weights = LossWeights(**{**every, **weights})
    x, c = batch()
    z = draw(model.training_noise, 8, (3,))
    with torch.no_grad():
        loss, _ = model.loss(x, c, z, phase=phase)
        return float(loss), x, model(z, c), c


@pytest.mark.parametrize("phase", ["discriminator", "generator"])
def test_real_against_generated_by_hand(phase):
    model = build(flip=0.0)
    loss, x, y, _ = told(model, phase, adversarial=2.0)
    with torch.no_grad():
        real, made = (model.head(model.discriminator(s.view(-1, *GRID)))[:, 0] for s in (x, y))
    ones, zeros = torch.ones(8), torch.zeros(8)
    expected = 2.0 * binary_cross_entropy_with_logits(made, ones)
    if phase == "discriminator":
        expected = binary_cross_entropy_with_logits(real, ones) + binary_cross_entropy_with_logits(
            made, zeros
        )
    assert loss == pytest.approx(float(expected), rel=1e-5)


def test_flipped_answers_are_as_often_as_they_should_be():
    """With all flipped the discriminator learns the opposite."""
    right, wrong = build(flip=0.0), build(flip=1.0)
    loss, x, y, _ = told(wrong, "discriminator", adversarial=1.0)
    with torch.no_grad():
        real, made = (right.head(right.discriminator(s.view(-1, *GRID)))[:, 0] for s in (x, y))
        zeros = binary_cross_entropy_with_logits(real, torch.zeros(8))
        ones = binary_cross_entropy_with_logits(made, torch.ones(8))
    assert loss == pytest.approx(float(zeros + ones) / 2, rel=1e-5)


def test_energy_and_angle_by_hand():
    model = build(("scaled_energy", "theta"))
    loss, _, y, c = told(model, "generator", energy=1.0)
    with torch.no_grad():
        answers = model.head(model.discriminator(y.view(-1, *GRID)))
    assert torch.equal(model.measure(y), answers[:, 1])
    assert torch.equal(model.measure_angle(y), answers[:, 2])
    error = 100 * ((answers[:, 1] - c[:, 0]).abs() / c[:, 0]).mean()
    assert loss == pytest.approx(float(error), rel=1e-5)
    loss, *_ = told(model, "generator", angle=1.0)
    assert loss == pytest.approx(float((answers[:, 2] - c[:, 1]).abs().mean()), rel=1e-5)


def leaning(slope, u, noise=0.0):
    """Showers of one cell per layer and column whose row is 1 + slope (z - 3/2), shared by two."""
    row = 1 + slope[:, None] * (torch.arange(4.0) - 1.5)
    share = (1 - (row[:, :, None] - torch.arange(3.0)).abs()).clamp(min=0.0)
    cells = u[:, None, None, None] * share[..., None].expand(-1, -1, -1, 5)
    rough = 1 + noise * torch.randn(cells.shape, generator=torch.Generator().manual_seed(2))
    return (cells * rough).clamp(min=0.0).flatten(start_dim=1)


def test_the_line_through_the_generated_and_the_real_shower_by_hand():
    """Real lines of slope 0.5, generated ones upright or of slope -0.25: |arctan| of both."""
    model = build(("scaled_energy", "theta"), power=0.5)
    slope = torch.tensor([0.0, -0.25]).repeat(4)
    _, c = batch()
    real, made = leaning(torch.full((8,), 0.5), c[:, 0]), leaning(slope, c[:, 0])
    model.weights = LossWeights(total=0.0, counts=0.0, line=2.0)
    loss, parts = model._physics(made.sqrt(), real.sqrt(), c)
    expected = (math.atan(0.5) + math.atan(0.5) + math.atan(0.25)) / 2
    assert float(parts["line"]) == pytest.approx(expected, rel=1e-5)
    assert float(loss) == pytest.approx(2.0 * expected, rel=1e-5)


@pytest.mark.parametrize("phase", ["discriminator", "generator"])
def test_perpendicular_showers_have_no_angle_to_learn(phase):
    x, c = batch()
    model = build()
    assert model.outputs == [1, 1, 0, 0]
    _, parts = model.loss(x, c, draw(model.training_noise, 8, (3,)), phase=phase)
    assert not [name for name in parts if name.endswith(("angle", "line"))]


def test_the_discriminator_measures_the_angle_of_tilted_showers():
    """It starts near the angle of lines it has not seen, and training brings it nearer."""
    model = build(("scaled_energy", "theta"), flip=0.0)
    generator = torch.Generator().manual_seed(4)
    slope, u = 1.2 * torch.rand(2, 200, generator=generator)
    slope, u = slope - 0.6, u + 0.5
    x, c = leaning(slope, u, 0.1), torch.zeros(200, 4)
    c[:, 0], c[:, 1] = u, math.pi / 2 - slope.atan()
    known, others = slice(0, 100), slice(100, 200)
    z = draw(model.training_noise, 100, (1,))

    def error():
        with torch.no_grad():
            return float((model.measure_angle(x[others]) - c[others, 1]).abs().mean())

    with torch.no_grad():
        model.prepare("adversarial", x[known], c[known], z)
    start = error()
    assert start < 0.3 * float(c[others, 1].std())
    trained = model.parameters_of(model.stages[0].phases[0])
    optimizer = torch.optim.Adam(trained, lr=2e-3)
    for _ in range(60):
        optimizer.zero_grad()
        loss, _ = model.loss(x[known], c[known], z, phase="discriminator")
        loss.backward()
        optimizer.step()
    assert error() < 0.8 * start


def test_the_type_costs_minus_the_logarithm_of_its_probability():
    model = build(("scaled_energy", "type"))
    loss, _, y, c = told(model, "generator", kind=1.0)
    with torch.no_grad():
        p = model.head(model.discriminator(y.view(-1, *GRID)))[:, 2:].softmax(dim=1)
    assert loss == pytest.approx(float(-(p * c[:, 2:]).sum(dim=1).log().mean()), rel=1e-5)


def test_the_sum_of_cells_by_hand():
    model = build(power=0.5)
    model.fraction.copy_(torch.tensor([3.0, 1.0, 0.0, 0.0, 0.0]))
    loss, _, y, c = told(model, "generator", total=1.0)
    u = c[:, 0]
    wanted = u * (3 + u)
    assert loss == pytest.approx(
        float(100 * ((y.square().sum(dim=1) - wanted).abs() / wanted).mean()), rel=1e-4
    )


def test_a_generator_of_the_real_showers_has_the_right_counts():
    model = build()
    x, c = batch()
    assert float(model._physics(x, x, c)[1]["counts"]) == 0.0
    assert float(model._physics(0.3 * x, x, c)[1]["counts"]) > 20.0


def test_edges_of_the_bins_are_those_of_the_publication_in_mev():
    model = build(unit=10.0)
    assert [edge * 10.0 for edge in model.edges] == pytest.approx([0.06, 0.16, 0.25, 0.4, 0.6, 1])
