"""The whole family on a toy law whose rates are known: what it must hold exactly, and learn."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from safetensors.torch import load, save

from heitler.detectors import CylindricalLayers, VoxelGrid
from heitler.hits import Hits
from heitler.models import CompoundHits, ShowerShape, draw
from heitler.models.compound_hits.sample import Seen, summarise

LAYERS, SIDE, PITCH = 6, 9, 5.0
CELLS = LAYERS * SIDE * SIDE
COLUMNS = {"energy": slice(0, 1), "axis": slice(1, 5)}
SMALL = {"hidden": (16, 16), "rank": 3, "couplings": 4, "prior": (12,)}


def shape_of(geometry, columns=COLUMNS, conditions=5, quantities=0):
    return ShowerShape(
        geometry.layer_sizes, quantities, conditions, columns, geometry.cell_centres
    )


def grid(side=SIDE, layers=LAYERS):
    return VoxelGrid(side, side, (PITCH, PITCH), layer_z=[10.0 * n for n in range(layers)])


def build(geometry=None, seed=1, **settings):
    torch.manual_seed(seed)
    return CompoundHits(shape_of(geometry or grid()), **{**SMALL, **settings})


def toy(count, seed, geometry=None, width=1.6):
    """Poisson numbers of hits, fewer with the distance from the axis; exponential energies.

    The energy moves the number of hits and their depth; axes cross the middle of some cell.
    """
    geometry = geometry or grid()
    generator = torch.Generator().manual_seed(seed)
    c = torch.zeros(count, 5)
    c[:, 0] = torch.randn(count, generator=generator).clamp(-2, 2)
    c[:, 1:3] = PITCH * torch.randint(-1, 2, (count, 2), generator=generator)
    centres = geometry.cell_centres
    radius = (centres[None, :, :2] - c[:, None, 1:3]).norm(dim=2) / PITCH
    layer = geometry.layer_of_cell.float()
    start = 0.3 * torch.randn(count, 1, generator=generator)
    depth = 2.2 + 0.3 * c[:, :1] + start
    rate = torch.exp(0.4 * c[:, :1] - 0.5 * ((layer - depth) / 1.5) ** 2 - radius / width)
    hit = torch.rand(rate.shape, generator=generator) < -torch.expm1(-3.0 * rate)
    energy = torch.empty(rate.shape).exponential_(generator=generator) * (0.2 + 3.0 * rate) + 0.02
    return torch.where(hit, energy, 0.0), c


def train(model, x, c, steps=120):
    """All stages as the trainer does it."""
    for stage in model.stages:
        z = draw(model.training_noise, len(x), (1,))
        with torch.no_grad():
            model.prepare(stage.name, x, c, z)
        for phase in stage.phases:
            optimizer = torch.optim.AdamW(model.parameters_of(phase), lr=5e-3)
            for step in range(steps):
                part = torch.randperm(len(x))[:100]
                z = draw(model.training_noise, len(part), (2, step))
                loss, _ = model.loss(x[part], c[part], z, phase=phase.name)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def fitted():
    """A model that has been through all stages; not to be changed."""
    return train(build(), *toy(600, 1))


@pytest.fixture(scope="module")
def made(fitted):
    """Noise, conditions, prescription and hits of 500 showers."""
    _, c = toy(500, 2)
    z = draw(fitted.noise, 500, (3,))
    return z, c, fitted.prescribe(z, c), fitted.hits(z, c)


def sums(hits, c):
    """Visible energy in MeV, mean and standard deviation of the layer, squared distance."""
    layer = (hits.cells // SIDE**2).double()
    energy = hits.energies.double()

    def total(values):
        return torch.bincount(hits.showers, values, minlength=len(hits))

    visible = total(energy)
    mean = total(energy * layer) / visible
    width = (total(energy * (layer - mean[hits.showers]) ** 2) / visible).sqrt()
    y, x = (hits.cells % SIDE**2).div(SIDE, rounding_mode="floor"), hits.cells % SIDE
    axis = (c[hits.showers, 1:3] / PITCH).round() + SIDE // 2
    square = ((x - axis[:, 0]) ** 2 + (y - axis[:, 1]) ** 2).double()
    return torch.stack([visible, mean, width, total(energy * square) / visible], dim=1)


def test_preprocessing_is_refused():
    with pytest.raises(ValueError, match="preprocessing must be empty"):
        CompoundHits(shape_of(grid(), quantities=1))


@pytest.mark.parametrize("columns", [{}, {"energy": slice(0, 1)}])
def test_it_asks_for_the_axis(columns):
    with pytest.raises(ValueError, match=r"heitler\.preprocessing\.Axis") as caught:
        CompoundHits(shape_of(grid(), columns=columns))
    assert "\n" not in str(caught.value)


def test_it_asks_for_the_centres_of_cells():
    with pytest.raises(ValueError, match="centres"):
        CompoundHits(ShowerShape((81,) * LAYERS, 0, 5, COLUMNS))


@pytest.mark.parametrize(
    "geometry",
    [
        CylindricalLayers([[0, 5, 10]] * 3, [4] * 3, layer_z=range(3)),
        CylindricalLayers([[0, 5, 10, 20]] * 2 + [[0, 5]], [4, 4, 1], layer_z=range(3)),
    ],
)
def test_cylinders_are_refused(geometry):
    with pytest.raises(ValueError, match="voxel grid") as caught:
        CompoundHits(shape_of(geometry))
    assert "\n" not in str(caught.value)


def test_showers_without_a_hit_are_refused():
    model, c = build(), torch.zeros(10, 5)
    with pytest.raises(ValueError, match="no hit"):
        model.prepare("rates", torch.zeros(10, CELLS), c, draw(model.training_noise, 10, (1,)))


def test_hits_are_the_dense_shower(fitted, made):
    z, c, _, hits = made
    assert torch.equal(hits.dense(CELLS), fitted(z, c))


def test_hits_are_cells_of_the_grid_with_energy_each_once(made):
    *_, hits = made
    assert len(hits) == 500
    assert int(hits.cells.min()) >= 0
    assert int(hits.cells.max()) < CELLS
    assert float(hits.energies.min()) > 0
    assert bool(torch.isfinite(hits.energies).all())
    places = hits.showers * CELLS + hits.cells
    assert len(places.unique()) == len(places)


def test_no_hit_is_outside_where_the_axis_is_at_the_edge(fitted):
    c = torch.zeros(200, 5)
    c[:, 1] = torch.linspace(-60.0, 60.0, 200)
    c[:, 3] = 0.4
    hits = fitted.hits(draw(fitted.noise, 200, (4,)), c)
    assert int(hits.cells.min()) >= 0
    assert int(hits.cells.max()) < CELLS
    # They follow the axis to the right edge, and from there out of sight.
    column = (hits.cells % SIDE).double()
    mean = torch.bincount(hits.showers, column, minlength=200) / hits.counts.clamp(min=1)
    inside = hits.counts > 20
    assert float(torch.corrcoef(torch.stack([mean, c[:, 1].double()])[:, inside])[0, 1]) > 0.9
    assert float(hits.counts[-5:].double().mean()) < 0.3 * float(
        hits.counts[80:100].double().mean()
    )


def test_equal_noise_gives_equal_showers(fitted, made):
    z, c, _, hits = made
    again = fitted.hits(z, c)
    for one, other in ((hits.cells, again.cells), (hits.energies, again.energies)):
        assert torch.equal(one, other)
    other = fitted.hits({**z, "hits": draw(fitted.noise, 500, (9,))["hits"]}, c)
    assert not torch.equal(other.offsets, hits.offsets)


@pytest.mark.parametrize("name", ["summaries", "field", "hits"])
def test_every_noise_matters_by_itself(fitted, made, name):
    z, c, _, hits = made
    other = fitted.hits({**z, name: draw(fitted.noise, 500, (10,))[name]}, c)
    assert not torch.equal(other.dense(CELLS), hits.dense(CELLS))


def test_a_part_of_the_showers_is_the_part_of_all(fitted, made):
    z, c, _, hits = made
    part = fitted.hits({k: v[100:150] for k, v in z.items()}, c[100:150])
    same = (part.dense(CELLS) > 0) == (hits[100:150].dense(CELLS) > 0)
    # Rates may differ by rounding with the size of the batch: that moves a hit in a million.
    assert float((~same).double().sum()) <= 2


def test_visible_energy_is_the_prescribed_one(made):
    _, c, prescription, hits = made
    goal = torch.from_numpy(prescription.goal).double()
    torch.testing.assert_close(sums(hits, c)[:, 0], goal[:, 0], rtol=1e-5, atol=1e-4)


def test_depth_and_width_are_the_prescribed_ones(made):
    """Where the factors stay inside of their limit, which is nearly everywhere."""
    _, c, prescription, hits = made
    goal = torch.from_numpy(prescription.goal).double()
    miss = (sums(hits, c) - goal)[:, 1:3].abs().amax(dim=1)
    exact = miss < 1e-3
    assert float(exact.double().mean()) > 0.95
    assert float(miss[exact].median()) < 1e-4
    assert float(miss.max()) < 1.0


def test_the_spread_is_the_prescribed_one(made):
    """These showers have some 15 hits, so that many ask for more than the largest slope gives."""
    _, c, prescription, hits = made
    goal = torch.from_numpy(prescription.goal).double()[:, 3]
    miss = (sums(hits, c)[:, 3] / goal - 1).abs()
    assert float((miss < 1e-5).double().mean()) > 0.5
    assert float(miss.quantile(0.9)) < 0.2


def test_the_prescription_is_the_law_of_the_prior(made):
    """Five summaries of training showers and what the prior asks for have the same means."""
    _, c, prescription, _ = made
    goal = torch.from_numpy(prescription.goal).double()
    x, c_truth = toy(2000, 5)
    truth = sums(Hits.of(x), c_truth)
    for low, high in ((-2.1, -0.5), (-0.5, 0.5), (0.5, 2.1)):
        a, b = ((v[:, 0] > low) & (v[:, 0] < high) for v in (c, c_truth))
        error = (goal[a].var(0) / a.sum() + truth[b].var(0) / b.sum()).sqrt()
        pull = (goal[a].mean(0) - truth[b].mean(0)) / (error + 0.03 * truth[b].mean(0))
        assert float(pull.abs().max()) < 4.0


@pytest.mark.parametrize("energy", [-1.0, 0.0, 1.0])
def test_hits_per_layer_are_those_of_the_showers(fitted, energy):
    """Means of layers within errors, where a rate of 3 per cent is as far as training goes."""
    truth, c = toy(4000, 6)
    near = (c[:, 0] - energy).abs() < 0.3
    truth, c = truth[near], c[near]
    hits = fitted.hits(draw(fitted.noise, len(c), (7,)), c)
    pulls = []
    for values in (hits.dense(CELLS), truth):
        layers = (values > 0).double().view(len(values), LAYERS, -1).sum(2)
        pulls.append((layers.mean(0), layers.var(0) / len(values)))
    (got, error), (wanted, other) = pulls
    pull = (got - wanted) / (error + other + (0.04 * wanted) ** 2).sqrt()
    assert float(pull.abs().max()) < 4.0


def test_hits_per_ring_and_energies_are_those_of_the_showers(fitted):
    truth, c = toy(1500, 8)
    got = fitted.hits(draw(fitted.noise, 1500, (9,)), c).dense(CELLS)
    radius = (grid().cell_centres[None, :, :2] - c[:, None, 1:3]).norm(dim=2)
    for low, high in ((0.0, 1.0), (1.0, 6.0), (6.0, 11.0), (11.0, 17.0), (17.0, 30.0)):
        ring = (radius >= low) & (radius < high)
        counts = [((x > 0) & ring).double().sum(1) for x in (got, truth)]
        error = (counts[0].var() / 1500 + counts[1].var() / 1500).sqrt()
        assert abs(counts[0].mean() - counts[1].mean()) < 4 * error + 0.04 * counts[1].mean()
        means = [
            float((x * ring).sum() / c.sum()) for x, c in zip((got, truth), counts, strict=True)
        ]
        assert means[0] == pytest.approx(means[1], rel=0.12)
    visible = [x.sum(1).double() for x in (got, truth)]
    assert float(visible[0].std()) == pytest.approx(float(visible[1].std()), rel=0.15)
    hits = [(x > 0).sum(1).double() for x in (got, truth)]
    assert float(hits[0].std()) == pytest.approx(float(hits[1].std()), rel=0.15)


def test_summaries_of_what_is_made_are_those_of_what_was_seen(fitted):
    """The lateral spread and the skewness are not calibrated: the rates have learned them."""
    truth, c = toy(1500, 10)
    hits = fitted.hits(draw(fitted.noise, 1500, (11,)), c)
    aim = fitted.stencil.aim(c[:, COLUMNS["axis"]])
    got, wanted = (summarise(Seen.of(h, aim, fitted.stencil)) for h in (hits, Hits.of(truth)))
    error = ((got.var(0) + wanted.var(0)) / 1500).sqrt()
    assert bool(((got.mean(0) - wanted.mean(0)).abs() < 4 * error + 0.1 * wanted.std(0)).all())


def test_every_stage_leaves_finite_buffers(fitted):
    for name, values in fitted.state_dict().items():
        assert bool(torch.isfinite(values).all()), name


def test_weights_hold_all_of_it(fitted, made):
    """Into a model that has generated before, so that what it remembers is out of date."""
    z, c, _, hits = made
    other = build(seed=2).eval()
    assert not torch.equal(other.hits(z, c).dense(CELLS), hits.dense(CELLS))
    other.load_state_dict(load(save(fitted.state_dict())))
    again = other.hits(z, c)
    assert torch.equal(again.offsets, hits.offsets)
    assert torch.equal(again.cells, hits.cells)
    assert torch.equal(again.energies, hits.energies)


def test_a_copy_forgets_by_itself(fitted, made):
    """Weights loaded into a copy change the copy, not the original."""
    z, c, _, hits = made
    original = build(seed=2).eval()
    before = original.hits(z, c).dense(CELLS)
    copy = deepcopy(original)
    copy.load_state_dict(fitted.state_dict())
    assert torch.equal(copy.hits(z, c).dense(CELLS), hits.dense(CELLS))
    assert torch.equal(original.hits(z, c).dense(CELLS), before)


def narrow(count, seed):
    """Visible energies in a range of a hundred, with a scatter of 1 % about what c says."""
    generator = torch.Generator().manual_seed(seed)
    x, c = toy(count, seed)
    c[:, 0] = 2.0 * torch.rand(count, generator=generator) - 1.0
    visible = 3e3 * torch.exp(2.3 * c[:, 0] + 0.01 * torch.randn(count, generator=generator))
    return x * (visible / x.sum(1))[:, None], c


def test_a_narrow_resolution_in_a_wide_range_stays_narrow():
    """Summaries are in units of their scatter, so what training adds to them blurs nothing."""
    x, c = narrow(600, 5)
    model = build(couplings=2)
    model = train(model, x, c)
    assert float(model.scale[0]) == pytest.approx(0.01, rel=0.1)
    made = model.hits(draw(model.noise, len(x), (7,)), c)
    response = [torch.log(v) - 2.3 * c[:, 0] for v in (x.sum(1), sums(made, c)[:, 0])]
    assert float(response[1].std() / response[0].std()) == pytest.approx(1.0, abs=0.12)


def test_preparing_anew_changes_what_is_generated():
    model = build().eval()
    x, c = toy(100, 12)
    z = draw(model.noise, 100, (1,))
    before = model.hits(z, c).dense(CELLS)
    model.prepare("rates", x, c, draw(model.training_noise, 100, (1,)))
    assert not torch.equal(model.hits(z, c).dense(CELLS), before)


@pytest.fixture(scope="module")
def wide():
    """Narrow showers in wide layers, rates from the mean shower only."""
    geometry = grid(side=21, layers=3)
    model = build(geometry)
    x, c = toy(200, 13, geometry, width=0.6)
    model.prepare("rates", x, c, draw(model.training_noise, 200, (1,)))
    return model.eval()


def planes(model, c, seed):
    """Cells (N, layer, row, column) of showers along axes."""
    return model.hits(draw(model.noise, len(c), (seed,)), c).dense(3 * 21 * 21).view(-1, 3, 21, 21)


def pulls(one, other):
    """Differences of mean frequencies of cells, and of their mean energies, in standard errors."""
    both = [torch.cat([(x > 0).double(), x.double()], dim=1).flatten(1) for x in (one, other)]
    error = sum(x.var(0) / len(x) for x in both).sqrt()
    usual = (both[0] > 0).sum(0) + (both[1] > 0).sum(0) > 50
    return ((both[0].mean(0) - both[1].mean(0)) / error)[usual]


@pytest.mark.parametrize("step", [(0, 0), (1, 0), (0, -2), (3, 2)])
def test_a_shifted_axis_shifts_the_showers(wide, step):
    """Their law: random numbers belong to cells, so a single shower is another one."""
    c = torch.zeros(3000, 5)
    there = c.clone()
    there[:, 1] += PITCH * step[1]
    there[:, 2] += PITCH * step[0]
    moved = planes(wide, c, 2).roll(step, dims=(2, 3))
    got = pulls(*(x[:, :, 4:17, 4:17] for x in (moved, planes(wide, there, 3))))
    assert len(got) > 100
    assert float(got.abs().max()) < 4.5
    # The cells of a shower have its energy in common: over seeds this scatters by 0.13 about one.
    assert 0.6 < float(got.square().mean()) < 1.4
    if step != (0, 0):
        assert float(pulls(planes(wide, c, 2), planes(wide, there, 3)).abs().max()) > 20


def test_a_leaning_axis_shears_the_showers(wide):
    """Layers are 10 mm apart: a slope of 0.5 is one cell of 5 mm more in each layer."""
    c = torch.zeros(3000, 5)
    there = c.clone()
    there[:, 4] = 0.5
    one, other = planes(wide, c, 4), planes(wide, there, 5)
    moved = torch.stack([one[:, n].roll(n, dims=1) for n in range(3)], dim=1)
    got = pulls(*(x[:, :, 4:17, 4:17] for x in (moved, other)))
    assert float(got.abs().max()) < 4.5
    assert 0.8 < float(got.square().mean()) < 1.25


@pytest.mark.parametrize("phases", [(1, 2), (3, 1)])
def test_phases_within_a_cell_are_learned(phases):
    """Hits of the row and column beside the axis, where it crosses near an edge of its cell."""
    geometry = grid(layers=3)
    torch.manual_seed(1)
    model = build(geometry, phases=phases)
    generator = torch.Generator().manual_seed(1)
    c = torch.zeros(600, 5)
    along = 2 if phases[0] > 1 else 1
    c[:, along] = PITCH * (torch.rand(600, generator=generator) - 0.5)
    distance = (geometry.cell_centres[None, :, :2] - c[:, None, 1:3]).norm(dim=2) / PITCH
    rate = 1.2 * torch.exp(-distance)
    hit = torch.rand(rate.shape, generator=generator) < -torch.expm1(-rate)
    x = torch.where(hit, torch.empty(rate.shape).exponential_(generator=generator) + 0.1, 0.0)
    train(model, x, c, steps=40)
    got = model.hits(draw(model.noise, 600, (2,)), c).dense(x.shape[1])
    edge = 0.5 - 1.0 / max(phases)
    for part in (c[:, along] / PITCH < -edge, c[:, along] / PITCH > edge):
        counts = []
        for values in (got, x):
            plane = (values[part] > 0).double().view(int(part.sum()), 3, SIDE, SIDE).mean((0, 1))
            counts.append(plane.sum(1) if along == 2 else plane.sum(0))
        error = (counts[1] / (3 * part.sum())).sqrt()
        pull = (counts[0] - counts[1]) / (2 * error**2 + (0.05 * counts[1]) ** 2).sqrt()
        assert float(pull[2:7].abs().max()) < 4.0
