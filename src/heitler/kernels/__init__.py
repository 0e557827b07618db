"""Compiled inner loops, each with a plain torch twin that a test compares draw by draw."""

from heitler.kernels.compound import FIELD as FIELD
from heitler.kernels.compound import GRID as GRID
from heitler.kernels.compound import SCORES as SCORES
from heitler.kernels.compound import Drawn as Drawn
from heitler.kernels.compound import Law as Law
from heitler.kernels.compound import Prescription as Prescription
from heitler.kernels.compound import sample as sample
from heitler.kernels.numbers import EXPONENTIAL as EXPONENTIAL

