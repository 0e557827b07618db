"""A defect that is put into toy showers is found, named, and the only one."""

from dataclasses import replace

import numpy as np
import pytest

from heitler.formats import open_showers
from heitler.metrics import Estimate
from heitler.validation.diagnosis import Defect, diagnose
from heitler.validation.diagnosis.defect import amount
from heitler.validation.diagnosis.diagnose import _thins_out
from heitler.validation.sample import collect
from heitler.validation.selection import select

SIZE = 4000


@pytest.fixture(scope="module")
def samples(toy_law, write_showers, tmp_path_factory):
    """A reference of twice SIZE showers and a function from changed showers to a sample."""
    folder = tmp_path_factory.mktemp("law")

    def sample(name, showers):
        path = write_showers(folder / f"{name}.h5", showers)
        with open_showers(path) as reader:
            return collect(name, reader, detector=reader.detector, threshold=None, examples=())

    return sample("reference", toy_law(2 * SIZE, seed=1)), sample


def found(samples, toy_law, name, change):
    reference, sample = samples
    showers = toy_law(SIZE, seed=2)
    change(showers)
    candidate = sample(name, showers)
    defects = diagnose(select(reference, [candidate], None, 1), showers.detector)
    return {defect.name: defect for defect in defects if defect.found}


def test_there_is_nothing_wrong_with_a_second_sample(samples, toy_law):
    assert found(samples, toy_law, "same", lambda showers: None) == {}


def test_a_scale_is_a_scale(samples, toy_law):
    defects = found(samples, toy_law, "bright", lambda showers: showers.deposits.mul_(1.05))
    assert set(defects) <= {"energy scale", "number of hits", "position of the MIP region"}
    scale = defects["energy scale"]
    assert scale.value.value == pytest.approx(0.05, abs=4 * scale.value.error)
    assert scale.text.startswith("Energy scale +")


def test_a_dead_layer_is_one_defect_and_the_scale_leaves_it_out(samples, toy_law):
    def kill(showers):
        showers.deposits.mul_(1.05)
        showers.grid[:, 1] = 0.0

    defects = found(samples, toy_law, "dead", kill)
    assert max(defects.values(), key=lambda each: each.excess).text == "Layer 1 holds no energy"
    scale = defects["energy scale"]
    assert scale.value.value == pytest.approx(0.05, abs=4 * scale.value.error)
    assert scale.text.endswith("leaving out 1 broken layer")


def test_missing_rare_events_are_named(samples, toy_law):
    reference, sample = samples
    whole = sample("whole", toy_law(SIZE, seed=2))
    width = whole.values["width_z"]
    kept = np.argsort(width)[round(0.03 * SIZE) :]
    index = np.concatenate([kept, kept[: SIZE - len(kept)]])
    regular = replace(
        whole,
        name="regular",
        energy=whole.energy[index],
        values={name: values[index] for name, values in whole.values.items()},
    )
    detector_of = toy_law(1).detector
    defects = [d for d in diagnose(select(reference, [regular], None, 1), detector_of) if d.found]
    rare = next(each for each in defects if each.name == "rare events")
    assert rare.text.startswith("Missing rare events: 0.0% of showers instead of 2.0% in the tail")
    assert "width in depth below" in rare.text


def test_a_bound_at_which_values_are_common_is_no_tail():
    angles = np.random.default_rng(1).normal(0.0, 60.0, SIZE)
    folded = (angles + 90.0) % 180.0 - 90.0
    clipped = np.clip(angles, -90.0, None)
    assert _thins_out(angles, high=False)
    assert _thins_out(clipped, high=True)
    assert not _thins_out(folded, high=True)
    assert not _thins_out(clipped, high=False)


@pytest.mark.parametrize(
    ("value", "excess", "is_found"),
    [((0.0, 0.0), 0.0, False), ((-0.2, 0.1), 2.0, False), ((-1.0, 0.0), 999.0, True)],
)
def test_a_defect_counts_where_it_is_significant(value, excess, is_found):
    defect = Defect("c", "n", Estimate(*value), Estimate(0.0, 0.1), "%", "text", ())
    assert defect.excess == pytest.approx(excess)
    assert defect.found is is_found


def test_amounts_have_a_sign_and_a_unit():
    assert amount(Estimate(0.03, 0.002), "%") == "+3.0 % ± 0.2 %"
    assert amount(Estimate(-0.1, 0.02), "mm") == "-0.10 ± 0.02 mm"
