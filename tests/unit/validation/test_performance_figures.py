"""The report's linearity and resolution are those of `heitler.performance`."""

import numpy as np

from heitler.performance import linearity, resolution
from heitler.validation.figures.catalogue import figure_groups


def test_curves_are_those_of_the_performance(toy_comparison):
    group = figure_groups(toy_comparison)[0]
    sample = toy_comparison.candidates[0]
    for figure, of in zip(group.figures, (linearity, resolution), strict=True):
        edges = figure.edges * 1e3
        inside = (sample.energy >= edges[0]) & (sample.energy < edges[-1])
        points = of(sample.energy[inside], sample.values["weighted_energy"][inside], edges=edges)
        curve = figure.candidates[0]
        known = np.isfinite(curve.values)
        assert known.sum() == len(points) >= 3
        np.testing.assert_allclose(curve.values[known], points.value)
        np.testing.assert_allclose(curve.errors[known], points.error)
