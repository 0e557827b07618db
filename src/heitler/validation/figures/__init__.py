"""The figures of a comparison, as data that a page or matplotlib draws."""

from heitler.validation.figures.figure import Axis as Axis
from heitler.validation.figures.figure import Curve as Curve
from heitler.validation.figures.figure import Figure as Figure
from heitler.validation.figures.figure import Grid as Grid
from heitler.validation.figures.figure import Group as Group
from heitler.validation.figures.figure import Mark as Mark
from heitler.validation.figures.figure import Matrix as Matrix
