"""Which showers are compared."""

from dataclasses import replace

import numpy as np

from heitler.validation.sample import Sample
from heitler.validation.selection import angle_bins, energy_bins, select, showers_per_sample


def sample(name, count):
    energy = np.random.default_rng(count).uniform(1e4, 1e5, count)
    zeros = np.zeros(count)
    return Sample(name, name, "", energy, zeros, zeros.astype(int), {}, (), {})


def test_the_reference_is_halved_and_all_samples_are_of_one_size():
    reference, other = sample("r", 1000), sample("c", 300)
    chosen = select(reference, [other], None, seed=1)
    assert chosen.size == 300
    first, second = chosen.references
    assert chosen.floor == (first, second)
    assert not set(first.index) & set(second.index)
    assert {len(view) for view in (first, second, *chosen.candidates)} == {300}


def test_a_second_reference_makes_the_floor_and_the_reference_is_whole():
    reference, second, other = sample("r", 1000), sample("f", 700), sample("c", 2000)
    chosen = select(reference, [other], second, seed=1)
    assert chosen.size == 700
    assert [view.sample for view in chosen.references] == [reference]
    assert [view.sample for view in chosen.floor] == [reference, second]


def test_bins_of_energy_are_cut_to_one_size():
    chosen = select(sample("r", 1000), [sample("c", 400)], None, seed=1)
    for energies in energy_bins(sample("r", 1000).energy, 3):
        inside = chosen.within(energies)
        views = (*inside.references, *inside.floor, *inside.candidates)
        assert {len(view) for view in views} == {inside.size}
        assert all((view.energy >= energies.low).all() for view in views)
        assert all((view.energy < energies.high).all() for view in views)


def test_a_seed_fixes_the_draw():
    samples = sample("r", 1000), [sample("c", 400)], None
    once, again, other = (select(*samples, seed=seed) for seed in (1, 1, 2))
    assert (once.floor[0].index == again.floor[0].index).all()
    assert (once.floor[0].index != other.floor[0].index).any()


def test_a_reference_that_is_halved_gives_half_its_showers():
    assert showers_per_sample(range(120), [range(400)], None) == 60
    assert showers_per_sample(range(120), [range(400)], range(90)) == 90


def test_bins_hold_about_equally_many_showers_and_every_one():
    energy = sample("r", 3000).energy
    overall, *bins = energy_bins(energy, 3)
    assert overall.overall
    assert overall.label == "all energies"
    counts = [((energy >= b.low) & (energy < b.high)).sum() for b in bins]
    assert sum(counts) == 3000
    assert min(counts) > 900
    assert all(float(f"{b.high:.1e}") == b.high for b in bins[:-1])


def test_beams_of_few_energies_give_few_bins():
    assert len(energy_bins(np.full(100, 5e4), 3)) == 1
    two = energy_bins(np.repeat([1e4, 5e4], 100), 3)
    assert [b.label for b in two] == ["all energies", "10-50 GeV", "50 GeV"]


def test_angles_are_divided_where_they_differ():
    degrees = np.random.default_rng(1).uniform(40.0, 90.0, 3000)
    degrees[:10] = 90.0
    bins = angle_bins(np.deg2rad(degrees), 3)
    tilted = replace(sample("r", 3000), theta=np.deg2rad(degrees))
    held = np.array([each.holds(tilted) for each in bins])
    assert (held.sum(axis=0) == 1).all()
    assert min(held.sum(axis=1)) > 900
    assert bins[0].label.startswith("40-")
    assert angle_bins(np.deg2rad(degrees / 50 + 80), 3) == ()
