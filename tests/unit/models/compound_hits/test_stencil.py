"""Cells about the axis: every offset has one bin, every cell is found again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heitler.detectors import CylindricalLayers, VoxelGrid
from heitler.models.compound_hits.stencil import HARMONICS, ZONES, Aim, Stencil

GRIDS = [(9, 9, (1, 1)), (9, 13, (1, 1)), (8, 21, (1, 3)), (12, 12, (4, 1)), (7, 7, (3, 2))]
every_grid = pytest.mark.parametrize(("rows", "columns", "phases"), GRIDS)
PITCH = (5.0, 4.0)
DEPTHS = (0.0, 10.0, 30.0)


def make(rows=9, columns=9, phases=(1, 1), crossing=(0.0, 0.0)):
    geometry = VoxelGrid(rows, columns, PITCH, layer_z=DEPTHS)
    return Stencil(geometry.cell_centres, len(DEPTHS), phases, crossing), geometry


def axes(geometry, count, seed):
    """Axes that enter inside and up to a cell outside, and lean up to two cells a layer."""
    generator = torch.Generator().manual_seed(seed)
    numbers = 2.0 * torch.rand(count, 4, generator=generator, dtype=torch.float64) - 1.0
    half = torch.tensor([geometry.columns * PITCH[1] / 2 + 4, geometry.rows * PITCH[0] / 2 + 4])
    return torch.cat([numbers[:, :2] * half, numbers[:, 2:]], dim=1)


def inside(stencil, p, y, x):
    row, column = stencil.member_dy[p] + y, stencil.member_dx[p] + x
    return (row >= 0) & (row < stencil.rows) & (column >= 0) & (column < stencil.columns)


@every_grid
def test_every_offset_is_one_member_of_one_bin(rows, columns, phases):
    stencil, _ = make(rows, columns, phases)
    reach = stencil.reach
    assert stencil.place.shape == (phases[0] * phases[1], 2 * reach[0] - 1, 2 * reach[1] - 1)
    assert reach[0] >= rows
    assert reach[1] >= columns
    y, x = torch.meshgrid(*(torch.arange(1 - n, n) for n in reach), indexing="ij")
    used = set()
    for p, place in enumerate(stencil.place):
        assert place.flatten().sort().values.tolist() == list(range(place.numel()))
        assert torch.equal(stencil.member_dy[p][place], y)
        assert torch.equal(stencil.member_dx[p][place], x)
        used |= set(stencil.member_bin[p].tolist())
    assert used == set(range(stencil.count))


@every_grid
def test_members_are_near_or_in_one_run_of_their_bin(rows, columns, phases):
    stencil, _ = make(rows, columns, phases)
    bins, start, count = stencil.runs
    members = stencil.member_bin.shape[1]
    assert bins.shape == start.shape == count.shape
    assert len(bins) == phases[0] * phases[1]
    for p, row in enumerate(stencil.member_bin.numpy()):
        mine = [np.arange(first, first + n) for first, n in zip(start[p], count[p], strict=True)]
        near = int(stencil.near_zones[p, -1])
        np.testing.assert_array_equal(np.concatenate(mine), np.arange(near, members))
        for b, places in zip(bins[p], mine, strict=True):
            assert set(row[places].tolist()) <= {b}
        some = bins[p][count[p] > 0]
        assert len(set(some.tolist())) == len(some)
        # Near are the zones 0 to 3, one after the other.
        bounds = stencil.near_zones[p].tolist()
        radius = stencil.member_square[p].sqrt()
        core = (stencil.member_dy[p] == 0) & (stencil.member_dx[p] == 0)
        zone = torch.bucketize(radius, torch.tensor(ZONES), right=True).clamp(min=1)
        zone[core] = 0
        for q in range(4):
            assert set(zone[bounds[q] : bounds[q + 1]].tolist()) == {q}
        assert set(zone[near:].tolist()) <= {4}
        assert near <= stencil.near


def test_cells_about_the_centre_fold_eight_ways():
    stencil, _ = make(9, 9)
    place, bins = stencil.place[0], stencil.member_bin[0]
    centre = torch.tensor(stencil.reach) - 1

    def bin_of(y, x):
        return int(bins[place[centre[0] + y, centre[1] + x]])

    for y in range(6):
        for x in range(6):
            images = {
                bin_of(a * s, b * t) for a, b in ((y, x), (x, y)) for s in (1, -1) for t in (1, -1)
            }
            assert len(images) == 1
    near = [bin_of(y, x) for y in range(5) for x in range(y + 1)]
    assert len(set(near)) == len(near)
    assert int((bins == bin_of(0, 0)).sum()) == 1
    assert int((bins == bin_of(1, 0)).sum()) == 4
    assert int((bins == bin_of(2, 1)).sum()) == 8


def test_phases_break_the_mirrors_that_they_must():
    """Told apart along x, left and right differ, up and down do not."""
    stencil, _ = make(9, 9, (1, 2))
    assert not stencil.symmetric
    bins = stencil.member_bin
    near = (stencil.member_dy.abs() <= 1) & (stencil.member_dx.abs() <= 1)
    for p in range(2):
        at = {
            (y, x): b
            for y, x, b in zip(
                stencil.member_dy[p][near[p]].tolist(),
                stencil.member_dx[p][near[p]].tolist(),
                bins[p][near[p]].tolist(),
                strict=True,
            )
        }
        assert at[1, 1] == at[-1, 1]
        assert at[1, 1] != at[1, -1]
        assert at[0, 1] != at[1, 0]
    both = [set(bins[p][near[p]].tolist()) for p in range(2)]
    assert not both[0] & both[1]


@every_grid
def test_the_place_of_members_about_the_axis(rows, columns, phases):
    """u = d - phase: its square and its harmonics."""
    stencil, _ = make(rows, columns, phases)
    for p in range(phases[0] * phases[1]):
        py, px = divmod(p, phases[1])
        u = stencil.member_dy[p] - ((py + 0.5) / phases[0] - 0.5)
        v = stencil.member_dx[p] - ((px + 0.5) / phases[1] - 0.5)
        square = (u * u + v * v).double()
        torch.testing.assert_close(stencil.member_square[p].double(), square, rtol=1e-6, atol=1e-6)
        azimuth = torch.atan2(u, v).double()
        azimuth[(stencil.member_dy[p] == 0) & (stencil.member_dx[p] == 0)] = 0.0
        wanted = [azimuth.cos(), azimuth.sin(), (2 * azimuth).cos(), (2 * azimuth).sin()]
        got = stencil.member_trig[p].double()
        torch.testing.assert_close(got, torch.stack(wanted, -1), rtol=0, atol=1e-5)


@every_grid
def test_zones_grow_with_the_radius_and_zone_zero_is_the_axis(rows, columns, phases):
    stencil, _ = make(rows, columns, phases)
    for p in range(len(stencil.member_bin)):
        zone = stencil.zone[stencil.member_bin[p]]
        core = (stencil.member_dy[p] == 0) & (stencil.member_dx[p] == 0)
        assert torch.equal(zone == 0, core)
        radius = stencil.member_square[p].sqrt()
        assert bool((radius[zone == 4] >= 5.5).all())
        assert bool((radius[zone == 1] <= 2.5).all())
        assert set(zone.tolist()) == {0, 1, 2, 3, 4}


def test_the_crossing_by_hand():
    """Cells of 5 mm along y and 4 mm along x, 9 rows about y = 0 and 8 columns about x = 0."""
    stencil, _ = make(9, 8)
    axis = [
        [2.0, 0.0, 0.0, 0.0],  # columns end at 0, 4, ...: x = 2 is column 4; y = 0 is row 4
        [2.1, 2.4, 0.1, 0.5],  # y = 2.4, 7.4, 17.4: rows 4, 5, 7; x = 2.1, 3.1, 5.1: 4, 4, 5
        [-1.9, -2.6, -0.4, -0.3],  # x = -1.9, -5.9, -13.9: 3, 2, 0; y = -2.6, -5.6, -11.6: 3, 3, 2
    ]
    aim = stencil.aim(torch.tensor(axis))
    assert aim.x.tolist() == [[4, 4, 4], [4, 4, 5], [3, 2, 0]]
    assert aim.y.tolist() == [[4, 4, 4], [4, 5, 7], [3, 3, 2]]
    assert aim.phase.tolist() == [[0] * 3] * 3


def test_phases_by_hand():
    """Four steps along y, two along x: phase = 2 (step along y) + (step along x)."""
    stencil, _ = make(9, 9, (4, 2))
    y = torch.tensor([-2.4, -1.3, -0.1, 0.1, 1.3, 2.4])  # of a cell from -2.5 to 2.5 mm
    wanted = torch.tensor([0, 0, 1, 2, 3, 3])
    for x, step in ((-1.9, 0), (-0.1, 0), (0.1, 1), (1.9, 1)):
        axis = torch.zeros(6, 4)
        axis[:, 0], axis[:, 1] = x, y
        aim = stencil.aim(axis)
        assert torch.equal(aim.phase, (2 * wanted + step)[:, None].expand(6, 3))
        assert bool((aim.y == 4).all())
        assert bool((aim.x == 4).all())


@every_grid
@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_the_crossed_cell_is_the_one_of_the_geometry(rows, columns, phases, seed):
    stencil, geometry = make(rows, columns, phases)
    axis = axes(geometry, 20, seed)
    aim = stencil.aim(axis)
    depth = torch.tensor(DEPTHS, dtype=torch.float64)
    point = axis[:, None, :2] + axis[:, None, 2:] * depth[:, None]
    cell = geometry.locate(torch.cat([point, depth.expand(20, 3)[..., None]], dim=-1))
    place = (torch.arange(3) * rows + aim.y) * columns + aim.x
    hit = cell >= 0
    assert bool(hit.any())
    assert torch.equal(place[hit], cell[hit])
    assert int(aim.phase.min()) >= 0
    assert int(aim.phase.max()) < phases[0] * phases[1]


@every_grid
@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_members_lead_back_to_the_cell(rows, columns, phases, seed):
    stencil, geometry = make(rows, columns, phases)
    axis = axes(geometry, 6, seed)
    axis[-1] *= 100.0  # far outside: there are members all the same
    aim = stencil.aim(axis)
    cell = torch.arange(geometry.cells).repeat(6)
    shower = torch.arange(6).repeat_interleave(geometry.cells)
    layer, member = stencil.members(aim, shower, cell)
    phase = aim.phase[shower, layer]
    row = aim.y[shower, layer] + stencil.member_dy[phase, member]
    column = aim.x[shower, layer] + stencil.member_dx[phase, member]
    assert torch.equal((layer * rows + row) * columns + column, cell)


@every_grid
@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_exposures_count_the_cells_inside(rows, columns, phases, seed):
    stencil, geometry = make(rows, columns, phases)
    generator = torch.Generator().manual_seed(seed)
    stencil.weight.copy_(0.5 + torch.rand(stencil.weight.shape, generator=generator))
    aim = stencil.aim(axes(geometry, 4, seed))
    stencil.exposures(aim[:1])  # what is remembered must not mix with what is new
    index, sums = stencil.exposures(aim)
    assert index.shape == (4, 3)
    assert sums.shape[1:] == (stencil.count, 1 + 2 * HARMONICS)
    for n in range(4):
        cell = torch.arange(geometry.cells)
        layer, member = stencil.members(aim, torch.full_like(cell, n), cell)
        phase = aim.phase[n, layer]
        w = stencil.weight[phase, member][:, None]
        psi = stencil.member_trig[phase, member]
        values = torch.cat([w, w * psi, w * psi * psi], dim=1).double()
        place = layer * stencil.count + stencil.member_bin[phase, member]
        wanted = torch.zeros(3 * stencil.count, values.shape[1], dtype=torch.float64)
        wanted = wanted.index_add(0, place, values).view(3, stencil.count, -1)
        torch.testing.assert_close(sums[index[n]].double(), wanted, rtol=1e-4, atol=1e-4)


def test_exposures_without_weights_are_whole_numbers_of_cells():
    stencil, geometry = make()
    index, sums = stencil.exposures(stencil.aim(axes(geometry, 10, 1)))
    counts = sums[index][..., 0]
    assert torch.equal(counts, counts.round())
    assert bool((counts.sum(-1) == 81).all())


@pytest.mark.parametrize("action", ["weigh", "load"])
def test_exposures_know_of_new_weights(action):
    stencil, geometry = make()
    aim = stencil.aim(axes(geometry, 2, 1))
    before = stencil.exposures(aim)[1].clone()
    if action == "weigh":
        generator = torch.Generator().manual_seed(1)
        shower = torch.randint(2, (4000,), generator=generator)
        cell = (torch.rand(4000, generator=generator) ** 2 * geometry.cells).long()
        stencil.weigh(aim, shower, cell)
    else:
        stencil.load_state_dict({"weight": 2.0 * stencil.weight})
    index, after = stencil.exposures(aim)
    assert not torch.allclose(before[: len(after)], after[: len(before)])
    fresh, _ = make()
    fresh.load_state_dict(stencil.state_dict())
    other, wanted = fresh.exposures(aim)
    torch.testing.assert_close(after[index], wanted[other])


@pytest.mark.parametrize(("rows", "columns", "phases"), GRIDS)
def test_weights_are_one_where_hits_are_uniform(rows, columns, phases):
    """Every cell is hit equally often: up to noise nothing is to be told apart."""
    stencil, geometry = make(rows, columns, phases)
    aim = stencil.aim(axes(geometry, 60, 2))
    cell = torch.arange(geometry.cells).repeat(60)
    shower = torch.arange(60).repeat_interleave(geometry.cells)
    stencil.weigh(aim, shower, cell)
    torch.testing.assert_close(stencil.weight, torch.ones_like(stencil.weight))


def hits_in_front(stencil, geometry, count, seed=3):
    """Hits of showers through the centre whose density falls across the layers."""
    aim = stencil.aim(torch.zeros(count, 4))
    generator = torch.Generator().manual_seed(seed)
    centres = geometry.cell_centres
    chance = torch.exp(-centres[:, :2].abs().sum(1) / 12.0 + centres[:, 0] / 25.0).clamp(max=0.9)
    hit = torch.rand(count, geometry.cells, generator=generator) < chance
    shower, cell = hit.nonzero().unbind(1)
    return aim, shower, cell


@every_grid
def test_weights_of_a_bin_have_the_mean_one(rows, columns, phases):
    stencil, geometry = make(rows, columns, phases)
    aim, shower, cell = hits_in_front(stencil, geometry, 200)
    stencil.weigh(aim, shower, cell)
    assert float(stencil.weight.min()) > 0
    phase = int(aim.phase[0, 0])
    flat = stencil.member_bin[phase]
    total = torch.zeros(stencil.count).index_add(0, flat, stencil.weight[phase])
    number = torch.bincount(flat, minlength=stencil.count)
    torch.testing.assert_close(total[number > 0], number[number > 0].float(), rtol=1e-5, atol=1e-5)


def test_weights_follow_the_hits():
    """Within a ring: hits of a cell over the hits of the ring's mean cell, drawn to one by 30."""
    stencil, geometry = make(23, 23, (1, 3))
    aim, shower, cell = hits_in_front(stencil, geometry, 200)
    stencil.weigh(aim, shower, cell)
    _, member = stencil.members(aim, shower, cell)
    assert bool((aim.phase == 1).all())
    hits = torch.bincount(member, minlength=stencil.weight.shape[1]).double()
    window = inside(stencil, 1, 11, 11)
    assert float(stencil.weight[1][window].std()) > 0.05
    seen = window.double() * 600.0
    for b in stencil.member_bin[1].unique():
        chosen = (stencil.member_bin[1] == b) & window
        if not bool(chosen.any()):
            continue
        rate = hits[chosen].sum() / seen[chosen].sum()
        wanted = (hits[chosen] + 30.0) / (seen[chosen] * rate + 30.0)
        torch.testing.assert_close(
            stencil.weight[1][chosen].double(), wanted, rtol=1e-4, atol=1e-5
        )


def test_weights_share_what_symmetry_says():
    stencil, geometry = make()
    aim, shower, cell = hits_in_front(stencil, geometry, 200)
    stencil.weigh(aim, shower, cell)
    grid = stencil.weight[0][stencil.place[0]]
    for image in (grid.flip(0), grid.flip(1), grid.T):
        torch.testing.assert_close(image, grid)


def cylinder():
    return CylindricalLayers([[0, 5, 10]] * 3, [4] * 3, layer_z=DEPTHS).cell_centres


def shifted():
    centres = make()[1].cell_centres.clone()
    centres[100:, 0] += 1.0
    return centres


def uneven():
    centres = make()[1].cell_centres.clone()
    centres[:, 0] = centres[:, 0] * (1.0 + 0.01 * centres[:, 0])
    return centres


@pytest.mark.parametrize("centres", [cylinder, shifted, uneven])
def test_other_cells_are_refused_in_one_line(centres):
    with pytest.raises(ValueError, match="voxel grid") as caught:
        Stencil(centres(), 3, (1, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layers", [2, 4])
def test_layers_must_share_the_cells(layers):
    with pytest.raises(ValueError, match="voxel grid"):
        Stencil(make()[1].cell_centres, layers, (1, 1))


def test_phases_are_positive():
    with pytest.raises(ValueError, match="phases"):
        make(9, 9, (0, 1))


def test_a_part_of_the_crossings():
    aim = Aim(*(torch.arange(12).view(4, 3) + k for k in (0, 20, 40)))
    part = aim[1:3]
    assert part.y.tolist() == [[3, 4, 5], [6, 7, 8]]
    assert part.x.tolist() == [[23, 24, 25], [26, 27, 28]]
    assert part.phase.tolist() == [[43, 44, 45], [46, 47, 48]]


def test_axes_off_the_phases_are_refused():
    """One phase stands for axes through the centres of cells only."""
    stencil, _ = make()
    centre = torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    stencil.check(centre)
    pitch = float(stencil.pitch[0])
    with pytest.raises(ValueError, match="more phases"):
        stencil.check(centre + torch.tensor([0.3 * pitch, 0.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    ("y", "x", "bins_of_eight"), [(-0.3, -0.3, 4), (0.2, 0.0, 4), (0.1, 0.3, 8)]
)
def test_one_crossing_off_the_centre(y, x, bins_of_eight):
    """Axes that cross there are taken, and images of an offset share a bin where that is fair."""
    centred, _ = make()
    stencil, _ = make(crossing=(y, x))
    assert not stencil.symmetric
    pitch = stencil.pitch
    beam = torch.tensor([[x * float(pitch[0]), y * float(pitch[1]), 0.0, 0.0]])
    stencil.check(beam)
    assert torch.equal(stencil.aim(beam).y, centred.aim(torch.zeros(1, 4)).y)
    with pytest.raises(ValueError, match=r"crossing \[0.00, 0.00\]"):
        stencil.check(torch.zeros(1, 4))
    with pytest.raises(ValueError, match=rf"crossing \[{y:.2f}, {x:.2f}\]"):
        centred.check(beam)
    place = stencil.place[0]
    middle = torch.tensor(stencil.reach) - 1
    images = [(a * s, b * t) for a, b in ((2, 1), (1, 2)) for s in (1, -1) for t in (1, -1)]
    bins = {int(stencil.member_bin[0][place[middle[0] + a, middle[1] + b]]) for a, b in images}
    assert len(bins) == bins_of_eight
    own = stencil.member_square[0][place[middle[0], middle[1]]]
    assert float(own) == pytest.approx(y * y + x * x)


def test_a_crossing_lies_in_its_cell():
    with pytest.raises(ValueError, match=r"-0\.5 to 0\.5"):
        make(crossing=(0.0, 0.7))
