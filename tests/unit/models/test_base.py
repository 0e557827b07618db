"""Random numbers of models."""

import numpy as np
import pytest
import scipy.stats
import torch

from heitler.models import Noise, ShowerShape, draw, random_generator

SPEC = {"a": Noise("normal", 40), "b": Noise("uniform", 30)}


def test_equal_seeds_draw_equal_numbers_and_others_do_not():
    one, again, other = (draw(SPEC, 50, (seed,)) for seed in (7, 7, 8))
    assert list(one) == ["a", "b"]
    for name in SPEC:
        assert torch.equal(one[name], again[name])
        assert not torch.equal(one[name], other[name])


def test_numbers_follow_their_law():
    z = draw(SPEC, 500, (1,))
    assert z["a"].shape == (500, 40)
    assert z["b"].shape == (500, 30)
    assert z["a"].dtype == z["b"].dtype == torch.float32
    assert scipy.stats.kstest(z["a"].flatten().numpy(), "norm").pvalue > 1e-3
    assert scipy.stats.kstest(z["b"].flatten().numpy(), "uniform").pvalue > 1e-3
    assert float(z["b"].min()) >= 0
    assert float(z["b"].max()) < 1


def test_the_meaning_of_a_seed_does_not_change():
    # SFC64 is part of what a seed means: another generator would make other showers.
    expected = np.random.Generator(np.random.SFC64((1, 0))).random(3, dtype=np.float32)
    z = draw({"b": Noise("uniform", 3)}, 1, (1,))
    assert z["b"][0].tolist() == expected.tolist()


@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 1), (3, 5), (4, 1000), (128, 3001)])
def test_uniform_numbers_are_those_of_numpy(count, size):
    expected = np.random.Generator(np.random.SFC64((1, 0))).random((count, size), np.float32)
    z = draw({"b": Noise("uniform", size)}, count, (1,))["b"]
    assert z.dtype == torch.float32
    assert np.array_equal(z.numpy(), expected)


def test_the_first_of_many_showers_have_the_numbers_of_few():
    many, few = draw(SPEC, 50, (1, 2)), draw(SPEC, 7, (1, 2))
    for name in SPEC:
        assert torch.equal(many[name][:7], few[name])


def test_a_seed_is_not_negative():
    with pytest.raises(ValueError, match="a seed must not be negative, got -1"):
        random_generator(-1)


def test_sizes():
    shape = ShowerShape((4, 10, 1), globals=2, conditions=3)
    assert (shape.cells, shape.features) == (15, 17)
