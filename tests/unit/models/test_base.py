"""Random numbers of models."""

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
    # The generator is part of what a seed means: another one would make other showers.
    z = draw(SPEC, 2, (1, 0))
    assert z["a"][1, :3].tolist() == [
        -1.7758008241653442,
        -0.21490730345249176,
        1.0319204330444336,
    ]
    assert z["b"][1, :3].tolist() == [0.0821111798286438, 0.6078916788101196, 0.9389522671699524]


def test_the_first_of_many_showers_have_the_numbers_of_few():
    many, few = draw(SPEC, 50, (1, 2)), draw(SPEC, 7, (1, 2))
    for name in SPEC:
        assert torch.equal(many[name][:7], few[name])


def test_showers_and_names_have_numbers_of_their_own():
    z = draw({"a": Noise("normal", 2000), "b": Noise("normal", 2000)}, 3, (4,))
    rows = torch.cat([z["a"], z["b"]])
    assert float((rows.corrcoef() - torch.eye(6)).abs().max()) < 5 / 2000**0.5


def test_a_seed_is_not_negative():
    with pytest.raises(ValueError, match="a seed must not be negative, got -1"):
        draw(SPEC, 1, (1, -1))
    with pytest.raises(ValueError, match="a seed must not be negative, got -1"):
        random_generator(-1)


def test_sizes():
    shape = ShowerShape((4, 10, 1), globals=2, conditions=3)
    assert (shape.cells, shape.features) == (15, 17)
