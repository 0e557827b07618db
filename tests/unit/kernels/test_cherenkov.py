"""Likelihoods of rings: the compiled kernel and the plain one, track by track."""

from __future__ import annotations

import numpy as np
import pytest

from heitler import kernels
from heitler.kernels import cherenkov, cherenkov_twin, numbers


@pytest.fixture(scope="module")
def gas():
    rows = [
        (2.0, 4.0, 350.0, 0.5, 0.0014, 1.3e-3),
        (3.0, 2.0, 400.0, 0.2, 0.0005, 0.5e-3),
    ]
    return kernels.Gas(*np.array(rows, np.float32).T.copy())


@pytest.fixture(scope="module")
def rings():
    """Rings of any kind: without photons, without background, with dark hypotheses."""
    rng = np.random.default_rng(1)
    shape = (150, 2)

    def between(low, high, size=shape):
        return rng.uniform(low, high, size).astype(np.float32)

    lit = rng.random((*shape, 3)) < 0.7
    return kernels.Rings(
        key=rng.integers(0, 2**32, (150, 2), dtype=np.uint32),
        own=rng.integers(0, 40, shape),
        others=rng.integers(0, 120, shape),
        sine=between(-1e-5, 3e-3).clip(0.0),
        offset=between(0.0, 2e-3),
        inner=between(0.0, 1e-3),
        area=between(0.0, 3e-3),
        angle=between(0.0, 0.06, (*shape, 3)),
        steep=between(300.0, 2000.0, (*shape, 3)),
        weight=np.where(lit, between(0.01, 1.0, (*shape, 3)), np.float32(0.0)),
    )


def test_both_give_the_same_sums(gas, rings):
    one, two = cherenkov.likelihoods(gas, rings), cherenkov_twin.likelihoods(gas, rings)
    assert float(np.abs(one).max()) > 10
    np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-4)


def test_every_ingredient_matters(gas, rings):
    """The comparison would see a twin that leaves one out."""
    sums = cherenkov_twin.likelihoods(gas, rings)
    grown = np.float32(1.1)
    arrays = ("sine", "offset", "inner", "area", "angle", "steep", "weight")
    others = [
        (gas, rings._replace(key=rings.key + np.uint32(1))),
        *((gas, rings._replace(**{n: getattr(rings, n) + 1})) for n in ("own", "others")),
        *((gas, rings._replace(**{n: getattr(rings, n) * grown})) for n in arrays),
        *((gas._replace(**{n: getattr(gas, n) * grown}), rings) for n in gas._fields),
    ]
    for other_gas, other_rings in others:
        changed = cherenkov_twin.likelihoods(other_gas, other_rings)
        assert not np.allclose(changed, sums, rtol=1e-4, atol=1e-4)


def test_one_photon_by_hand(gas, rings):
    alone = kernels.Rings(*(a[:1].copy() for a in rings))
    alone.own[...], alone.others[...] = [[1, 0]], 0
    alone.weight[...] = 0.5
    angle = float(kernels.photons(gas, alone, 0).angle[0])
    assert len(kernels.photons(gas, alone, 1).angle) == 0
    z = (angle - alone.angle[0, 0]) * alone.steep[0, 0]
    expected = np.log1p(0.5 / angle * np.exp(-(z**2) / 2))
    np.testing.assert_allclose(cherenkov.likelihoods(gas, alone)[0], expected, rtol=1e-4)


def test_photons_are_drawn_as_they_are_said_to_be(gas):
    """Many photons of one track: colour, smearing and background have their moments."""
    count = 200_000
    single = np.zeros((1, 2), np.float32)
    rings = kernels.Rings(
        key=np.array([[1234567, 7654321]], np.uint32),
        own=np.array([[count, 0]]),
        others=np.array([[0, count]]),
        sine=single + np.float32(0.05**2),
        offset=single + np.float32(0.002),
        inner=single + np.float32(1e-4),
        area=single + np.float32(3e-4),
        angle=np.zeros((1, 2, 1), np.float32),
        steep=np.zeros((1, 2, 1), np.float32),
        weight=np.zeros((1, 2, 1), np.float32),
    )
    own, others = (kernels.photons(gas, rings, r) for r in (0, 1))
    energy = 2.0 + 4.0 * (np.arange(1000) + 0.5) / 1000
    s = 0.05**2 + 2 * (0.5 / (350.0 - energy**2) - 0.0014)
    colours = np.arcsin(np.sqrt(s.clip(0.0)))
    angles = own.angle.double()
    assert own.own == count
    assert float(angles.mean()) == pytest.approx(colours.mean(), abs=2e-5)
    error = (colours.var() + 1.3e-3**2 + 0.002**2 / 2) ** 0.5
    assert float(angles.std()) == pytest.approx(error, rel=0.01)
    squares = others.angle.double() ** 2
    assert others.own == 0
    assert float(squares.min()) == pytest.approx(1e-4, rel=1e-3)
    assert float(squares.max()) == pytest.approx(4e-4, rel=1e-3)
    assert float(squares.mean()) == pytest.approx(2.5e-4, rel=0.002)


def test_rows_do_not_depend_on_their_neighbours(gas, rings):
    whole = cherenkov.likelihoods(gas, rings)
    part = cherenkov.likelihoods(gas, kernels.Rings(*(a[40:60] for a in rings)))
    np.testing.assert_array_equal(part, whole[40:60])


@pytest.mark.parametrize("function", [cherenkov.likelihoods, cherenkov_twin.likelihoods])
def test_no_tracks(gas, rings, function):
    assert function(gas, kernels.Rings(*(a[:0] for a in rings))).shape == (0, 3)


def test_the_compiled_kernel_is_the_one_in_use():
    assert numbers.COMPILED
    assert kernels.likelihoods is cherenkov.likelihoods
