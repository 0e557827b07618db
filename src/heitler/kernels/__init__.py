"""Compiled inner loops, each with a plain torch twin that a test compares draw by draw.

`sample` is the compiled one where numba is there, and the twin where it is not.
"""

from heitler.kernels.dense import dense as dense
from heitler.kernels.law import FIELD as FIELD
from heitler.kernels.law import GRID as GRID
from heitler.kernels.law import Drawn as Drawn
from heitler.kernels.law import Law as Law
from heitler.kernels.law import Prescription as Prescription
from heitler.kernels.numbers import COMPILED as COMPILED
from heitler.kernels.packing import LANES as LANES
from heitler.kernels.prescription import Recipe as Recipe
from heitler.kernels.prescription import prescribe as prescribe

if COMPILED:
    from heitler.kernels.compound import sample as sample
else:
    from heitler.kernels.compound_twin import sample as sample
