"""Lists packed sixteen at a time, against numpy's masks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from heitler.kernels.numbers import COMPILED, jit, place
from heitler.kernels.packing import LANES, add, sift

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is missing")


def packed(values, flags, first, stop, target, got):
    return sift((values,), flags, *(place(k) for k in (first, stop)), (target,), place(got))


def room(values):
    """A list with room for a block behind it."""
    return np.concatenate([values, np.full(LANES, 7, values.dtype)])


@pytest.mark.parametrize("kind", [np.int32, np.float32])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100, 1000])
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_what_is_flagged_is_kept_in_order(kind, count, share):
    rng = np.random.default_rng(count)
    values = rng.integers(-1000, 1000, count).astype(kind)
    flags = (rng.random(count) < share).astype(np.uint8)
    target = np.full(count + LANES, -1, kind)
    # A flag behind the end is not looked at.
    got = packed(room(values), room(flags), 0, count, target, 0)
    assert got == flags.sum()
    np.testing.assert_array_equal(target[:got], values[flags != 0])


def test_lists_can_be_packed_in_place():
    rng = np.random.default_rng(1)
    values = rng.random(333, dtype=np.float32)
    flags = (rng.random(333) < 0.7).astype(np.uint8)
    whole = room(values)
    got = packed(whole, room(flags), 0, 333, whole, 0)
    np.testing.assert_array_equal(whole[:got], values[flags != 0])


def test_a_part_can_be_added_to_the_end_of_the_same_list():
    """As those who have one more child are."""
    values = room(np.arange(90, dtype=np.int32))
    values = np.concatenate([values, np.zeros(100, np.int32)])
    flags = np.zeros(200, np.uint8)
    flags[20:90:3] = 1
    got = packed(values, flags, 20, 90, values, 90)
    np.testing.assert_array_equal(values[90:got], np.arange(20, 90, 3))
    np.testing.assert_array_equal(values[:90], np.arange(90))


def test_lists_that_belong_together_stay_so():
    rng = np.random.default_rng(2)
    lists = (rng.random(100, dtype=np.float32), rng.integers(0, 9, 100).astype(np.int32))
    flags = (rng.random(100) < 0.3).astype(np.uint8)
    targets = tuple(np.zeros(100 + LANES, values.dtype) for values in lists)
    got = sift(tuple(map(room, lists)), room(flags), place(0), place(100), targets, place(0))
    for values, target in zip(lists, targets, strict=True):
        np.testing.assert_array_equal(target[:got], values[flags != 0])


@jit
def added(sums, to, terms, first):
    """`add` is not for Python to call."""
    add(sums, place(to), terms, place(first))


def test_four_terms_are_added_to_four_sums():
    sums, terms = np.arange(12, dtype=np.float32), np.arange(20, dtype=np.float32) ** 2
    expected = sums.copy()
    expected[5:9] += terms[11:15]  # no multiples of four: vectors begin anywhere
    added(sums, 5, terms, 11)
    np.testing.assert_array_equal(sums, expected)


def test_without_numba_it_is_the_same():
    """The plain functions are those of a Python that has no numba."""
    program = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from heitler.kernels.packing import add, sift
rng = np.random.default_rng(3)
values, flags = rng.random(116), np.zeros(116, np.uint8)
flags[:100] = rng.random(100) < 0.4
target = np.zeros(116)
got = sift((values,), flags.copy(), 0, 100, (target,), 0)
assert got == flags.sum() and (target[:got] == values[flags != 0]).all()
sums = np.zeros(6)
add(sums, 1, values, 2)
assert (sums[1:5] == values[2:6]).all() and sums[0] == sums[5] == 0.0
"""
    subprocess.run([sys.executable, "-c", program], check=True)
