"""Compiled inner loops, each with a plain torch twin that a test compares draw by draw.

`sample`, `likelihoods`, `scatter`, `collect`, `cluster`, `normals` and `uniforms` are the compiled
ones where numba is there, and the twins where it is not.
"""

from heitler.kernels.cherenkov_twin import Photons as Photons
from heitler.kernels.cherenkov_twin import photons as photons
from heitler.kernels.cloud import Cloud as Cloud
from heitler.kernels.cloud import Spots as Spots
from heitler.kernels.dense import dense as dense
from heitler.kernels.density import OUTLIER as OUTLIER
from heitler.kernels.density import Thresholds as Thresholds
from heitler.kernels.law import FIELD as FIELD
from heitler.kernels.law import GRID as GRID
from heitler.kernels.law import RUN as RUN
from heitler.kernels.law import Drawn as Drawn
from heitler.kernels.law import Law as Law
from heitler.kernels.law import Prescription as Prescription
from heitler.kernels.numbers import COMPILED as COMPILED
from heitler.kernels.packing import LANES as LANES
from heitler.kernels.prescription import MOST_WOBBLE as MOST_WOBBLE
from heitler.kernels.prescription import Recipe as Recipe
from heitler.kernels.prescription import prescribe as prescribe
from heitler.kernels.rings import Gas as Gas
from heitler.kernels.rings import Rings as Rings
from heitler.kernels.validity import valid as valid

if COMPILED:
    from heitler.kernels.cherenkov import likelihoods as likelihoods
    from heitler.kernels.compound import sample as sample
    from heitler.kernels.density import cluster as cluster
    from heitler.kernels.spots import collect as collect
    from heitler.kernels.spots import scatter as scatter
    from heitler.kernels.variates import normals as normals
    from heitler.kernels.variates import uniforms as uniforms
else:
    from heitler.kernels.cherenkov_twin import likelihoods as likelihoods
    from heitler.kernels.compound_twin import sample as sample
    from heitler.kernels.density_twin import cluster as cluster
    from heitler.kernels.spots_twin import collect as collect
    from heitler.kernels.spots_twin import scatter as scatter
    from heitler.kernels.variates_twin import normals as normals
    from heitler.kernels.variates_twin import uniforms as uniforms
