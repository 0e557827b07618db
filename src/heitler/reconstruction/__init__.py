"""Reconstruction: what a detector would say about a particle, from its shower alone.

    reconstruction = Reconstruction.of(detector)
    training = Table.concatenate(list(reconstruction.tables(batches_of(geant4))))
    table = reconstruction.calibrated(training)(showers)

The same is done to reference and candidate, so that what is compared is what physics would use.
"""

from heitler.reconstruction.calibration import Calibration, sampling_groups
from heitler.reconstruction.clustering import Clustering, Clusters
from heitler.reconstruction.digitisation import Digitisation, stack_mip
from heitler.reconstruction.direction import centre_of_gravity, core_axis, principal_axis
from heitler.reconstruction.network import (
    Agreement,
    Answers,
    ReferenceNetwork,
    agreement,
    confusion,
    train_network,
)
from heitler.reconstruction.reconstruct import Reconstruction, batches_of

__all__ = [
    "Agreement",
    "Answers",
    "Calibration",
    "Clustering",
    "Clusters",
    "Digitisation",
    "Reconstruction",
    "ReferenceNetwork",
    "agreement",
    "batches_of",
    "centre_of_gravity",
    "confusion",
    "core_axis",
    "principal_axis",
    "sampling_groups",
    "stack_mip",
    "train_network",
]
