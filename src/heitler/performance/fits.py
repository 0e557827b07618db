"""Straight fits: linear in their parameters, without assuming how far the values scatter.

Notation: y_i are N values, X_ij the k functions at each, w_i weights, p_j the parameters that make
sum_i w_i (y_i - sum_j X_ij p_j)^2 least. With r_i the residuals and W the weights on a diagonal,
the covariance is that of White (1980), Econometrica 48, 817,

    V = N / (N - k) M (X^T W diag(r^2) W X) M,   M = (X^T W X)^-1,

which holds whether the scatter is the same for all values or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate

__all__ = ["Fit", "fit_linear"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Parameters of a fit.

    Arguments:
        parameters: p, with shape (k,).
        covariance: V, with shape (k, k).
    """

    parameters: Array
    covariance: Array

    def estimate(self, index: int) -> Estimate:
        """A parameter with its error."""
        return self.combine(np.eye(self.parameters.size)[index])

    def combine(self, row: ArrayLike) -> Estimate:
        """The value x . p of a row x of functions, with shape (k,), and its error."""
        x = np.asarray(row, dtype=np.float64)
        return Estimate(float(x @ self.parameters), float(x @ self.covariance @ x) ** 0.5)


def fit_linear(functions: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> Fit:
    """Least squares.

    Arguments:
        functions: X, with shape (N, k).
        values: y, with shape (N,).
        weights: w, positive, with shape (N,); by default all are 1.

    Raises:
        ValueError: There are not more values than parameters, or they do not fix the parameters.
    """
    x, y = np.asarray(functions, dtype=np.float64), np.asarray(values, dtype=np.float64)
    w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=np.float64)
    count, parameters = x.shape
    if count <= parameters or np.linalg.matrix_rank(x) < parameters:
        msg = f"{count} values do not fix {parameters} parameters: more or others are needed"
        raise ValueError(msg)
    middle = np.linalg.inv(x.T @ (w[:, None] * x))
    p = middle @ (x.T @ (w * y))
    pull = (w * (y - x @ p))[:, None] * x
    covariance = middle @ (pull.T @ pull) @ middle * count / (count - parameters)
    return Fit(p, covariance)
