"""What a model is told of measurements that were made of a track before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.measured import MeasuredTracks
from heitler.preprocessing.conditioning import Condition
from heitler.preprocessing.quantile import Quantile
from heitler.preprocessing.transforms import Features, Transform
from heitler.tracks import Tracks

__all__ = ["Measured"]


class Measured(Condition[Tracks]):
    """Columns that are known of the tracks, through a transform.

    Arguments:
        columns: Names of the columns.
        transform: What is done with them; normal scores of their quantiles by default.
    """

    name = "measured"

    def __init__(self, columns: Sequence[str], transform: Transform | None = None) -> None:
        super().__init__()
        self.columns, self.size = tuple(columns), len(columns)
        self.transform = transform or Quantile()

    def fit(self, particles: Tracks) -> None:
        """Fits the transform."""
        self.transform.fit(self._features(particles), particles.energy)

    def rows(self, particles: Tracks) -> NDArray[np.float32]:
        """Columns with shape (N, columns).

        Raises:
            ValueError: These columns are not known of the tracks.
        """
        with torch.inference_mode():
            scores = self.transform(self._features(particles), particles.energy).cells
        columns: NDArray[np.float32] = scores.float().numpy()
        return columns

    def _features(self, particles: Tracks) -> Features:
        if not isinstance(particles, MeasuredTracks):
            msg = (
                f"the model is told {', '.join(self.columns)} of each track: give MeasuredTracks, "
                "and name the columns in data.known to train"
            )
            raise ValueError(msg)  # noqa: TRY004 (a track without measurements is a track)
        cells = particles.measured.select(self.columns).values
        return Features(cells.new_zeros(len(cells), 0), cells)
