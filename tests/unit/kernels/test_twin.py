"""The compiled sampler and the plain one, draw by draw."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from heitler import kernels
from heitler.kernels import (
    compound,
    compound_twin,
    numbers,
    numbers_twin,
    variates,
    variates_twin,
)


def test_both_make_the_same_showers(toy, toys):
    law, todo = toy
    one, two = compound.sample(law, todo), compound_twin.sample(law, todo)
    assert one.offsets.tolist() == two.offsets.tolist()
    assert len(one.cells) > 20 * len(todo.y)
    pairs = zip(toys.by_shower(one), toys.by_shower(two), strict=True)
    for (cells, energies), (same, close) in pairs:
        assert cells.tolist() == same.tolist()
        np.testing.assert_allclose(close, energies, rtol=1e-4)


def test_every_ingredient_matters(toy):
    """The comparison would see a twin that leaves one out."""
    law, todo = toy
    drawn = compound_twin.sample(law, todo)
    settings = {"eps": 1, "gamma": 2, "together": 3, "single": 4}
    others = {}
    for name, i in settings.items():
        changed = law.settings.copy()
        changed[i] *= 1.2
        others[name] = (law._replace(settings=changed), todo)
    for name in ("bias", "basis", "share", "variance", "run_most", "table"):
        others[name] = (law._replace(**{name: getattr(law, name) * np.float32(1.1)}), todo)
    for name in ("spread", "trig", "record"):
        others[name] = (law._replace(**{name: getattr(law, name) * np.float32(0.8)}), todo)
    others["children"] = (law._replace(child_number=law.child_number**2), todo)
    others["steps"] = (law._replace(child_dy=-law.child_dy), todo)
    for name in ("field", "coefficients", "goal"):
        changed = getattr(todo, name)
        others[name] = (law, todo._replace(**{name: changed * changed.dtype.type(1.1)}))
    others["key"] = (law, todo._replace(key=todo.key + np.uint32(1)))
    for name, (other_law, other_todo) in others.items():
        other = compound_twin.sample(other_law, other_todo)
        same = len(other.cells) == len(drawn.cells) and (other.cells == drawn.cells).all()
        assert not (same and np.allclose(other.energies, drawn.energies, rtol=1e-4)), name


def test_twin_does_not_depend_on_the_batch(toy):
    law, todo = toy
    whole = compound_twin.sample(law, todo)
    part = compound_twin.sample(law, kernels.Prescription(*(a[250:270] for a in todo)))
    first, last = whole.offsets[250], whole.offsets[270]
    assert part.cells.tolist() == whole.cells[first:last].tolist()
    np.testing.assert_array_equal(part.energies, whole.energies[first:last])


@pytest.mark.parametrize("sample", [compound.sample, compound_twin.sample])
def test_no_showers(toy, sample):
    law, todo = toy
    drawn = sample(law, kernels.Prescription(*(a[:0] for a in todo)))
    assert drawn.offsets.tolist() == [0]
    assert len(drawn.cells) == len(drawn.energies) == 0


def test_numbers_are_the_same_bits():
    rng = np.random.default_rng(1)
    k0, k1, i = (rng.integers(0, 2**32, 1000, dtype=np.uint32) for _ in range(3))
    i >>= np.uint32(10)
    purposes = rng.integers(0, 19, 1000)
    bits = [numbers.number(*words) for words in zip(k0, k1, purposes.tolist(), i, strict=True)]
    wide = [torch.from_numpy(a.astype(np.int64)) for a in (k0, k1, purposes, i)]
    assert numbers_twin.number(*wide).tolist() == [int(b) for b in bits]


def test_functions_are_the_same_bits():
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2**32, 1000, dtype=np.uint32)
    bits[:4] = 0xFFFFFFFF, 0, 1, 0xFFFFFE00
    wide = torch.from_numpy(bits.astype(np.int64))
    for name in ("uniform", "normal"):
        compiled = np.array([getattr(numbers, name)(b) for b in bits], np.float32)
        np.testing.assert_array_equal(getattr(numbers_twin, name)(wide), compiled)
    for name, reach in {"power": 100, "to_exponential": 9}.items():
        x = rng.uniform(-reach, reach, 1000).astype(np.float32)
        compiled = np.array([getattr(numbers, name)(a) for a in x], np.float32)
        np.testing.assert_array_equal(getattr(numbers_twin, name)(torch.from_numpy(x)), compiled)


@pytest.mark.parametrize("name", ["normals", "uniforms"])
@pytest.mark.parametrize(("count", "size"), [(0, 3), (5, 0), (1, 1), (128, 301)])
def test_numbers_of_showers_are_the_same_bits(name, count, size):
    seed = np.array([7, 0xFFFFFFF0], np.uint32)
    one, two = (
        getattr(module, name)(seed, 3, count, size) for module in (variates, variates_twin)
    )
    assert one.shape == (count, size)
    np.testing.assert_array_equal(one, two)


def test_the_package_works_without_numba():
    code = """
import sys
sys.modules["numba"] = None
import numpy as np
from heitler import kernels
from heitler.kernels import compound, compound_twin, numbers
import heitler.models
assert not kernels.COMPILED
assert kernels.sample is compound_twin.sample
assert abs(numbers.power(np.float32(1.0)) - np.e) < 1e-4
row = kernels.dense(np.array([0, 1, 2]), np.array([1, 0], np.int32), np.ones(2, np.float32), 2)
assert row.tolist() == [[0.0, 1.0], [1.0, 0.0]]
lists = np.array([0, 1, 2]), np.array([1, 0], np.int32)
assert kernels.valid(*lists, np.ones(2, np.float32), 2)
assert not kernels.valid(*lists, np.ones(2, np.float32), 1)
assert not kernels.valid(*lists, np.zeros(2, np.float32), 2)
assert not kernels.valid(lists[0] + 1, lists[1], np.ones(2, np.float32), 2)
try:
    kernels.dense(*lists, np.ones(2, np.float32), 1)
except IndexError as error:
    assert "hits in cells 0 to 1 of showers with 1 cells" in str(error)
else:
    raise AssertionError
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert kernels.COMPILED
    assert kernels.sample is compound.sample
