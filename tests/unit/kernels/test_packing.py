"""Lists packed sixteen at a time, against numpy's masks."""

from __future__ import annotations

import numpy as np
import pytest

from heitler.kernels.numbers import COMPILED, jit, place
from heitler.kernels.packing import LANES, close, kept, pack

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is missing")


@jit
def packed(values, flags, first, stop, target, got):
    """What a kernel does: all blocks of a list, to the end of another."""
    close(flags, place(stop))
    got = place(got)
    for i in range(place(first), place(stop), place(LANES)):
        pack(values, flags, i, target, got)
        got += kept(flags, i)
    return got


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
