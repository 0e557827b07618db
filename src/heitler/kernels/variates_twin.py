"""The random numbers of `variates` in plain torch, equal to the last bit."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.kernels.numbers_twin import normal, number, uniform

__all__ = ["normals", "uniforms"]


def normals(seed: NDArray[np.uint32], purpose: int, count: int, size: int) -> NDArray[np.float32]:
    """Independent standard normal numbers, (count, size)."""
    return normal(_bits(seed, purpose, count, size)).numpy()


def uniforms(seed: NDArray[np.uint32], purpose: int, count: int, size: int) -> NDArray[np.float32]:
    """Independent numbers from 0 on and below 1, (count, size)."""
    return uniform(_bits(seed, purpose, count, size)).numpy()


def _bits(seed: NDArray[np.uint32], purpose: int, count: int, size: int) -> Tensor:
    first, second = torch.from_numpy(seed.astype(np.int64))
    keys = number(first, second, purpose, torch.arange(2 * count)).view(count, 2, 1)
    return number(keys[:, 0], keys[:, 1], 0, torch.arange(size))
