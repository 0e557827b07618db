"""Does a model make all kinds of showers, and its own? Diversity, memory and lost modes.

Functions of two or three samples. Those that compare pairs of showers give the same number
for the reference itself, which is its floor.
"""

from heitler.metrics.diversity.birthday import Support, repeated_pairs, support_size
from heitler.metrics.diversity.memory import (
    Memory,
    authenticity,
    data_copying,
    memorisation,
    memorisation_auc,
)
from heitler.metrics.diversity.modes import mode_chi2
from heitler.metrics.diversity.similarity import (
    Similarity,
    similarity_across,
    similarity_of_samples,
    similarity_within,
    structural_similarity,
)

__all__ = [
    "Memory",
    "Similarity",
    "Support",
    "authenticity",
    "data_copying",
    "memorisation",
    "memorisation_auc",
    "mode_chi2",
    "repeated_pairs",
    "similarity_across",
    "similarity_of_samples",
    "similarity_within",
    "structural_similarity",
    "support_size",
]
