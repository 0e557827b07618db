"""Invertible transforms between showers and what a model sees, and conditioning."""

from heitler.preprocessing.centre import Centre as Centre
from heitler.preprocessing.conditioning import Angle as Angle
from heitler.preprocessing.conditioning import Axis as Axis
from heitler.preprocessing.conditioning import Condition as Condition
from heitler.preprocessing.conditioning import Conditioning as Conditioning
from heitler.preprocessing.conditioning import Impact as Impact
from heitler.preprocessing.conditioning import LogEnergy as LogEnergy
from heitler.preprocessing.conditioning import LogMomentum as LogMomentum
from heitler.preprocessing.conditioning import Momentum as Momentum
from heitler.preprocessing.conditioning import Multiplicity as Multiplicity
from heitler.preprocessing.conditioning import ParticleType as ParticleType
from heitler.preprocessing.conditioning import Pseudorapidity as Pseudorapidity
from heitler.preprocessing.conditioning import ScaledEnergy as ScaledEnergy
from heitler.preprocessing.conditioning import Theta as Theta
from heitler.preprocessing.measured import Measured as Measured
from heitler.preprocessing.quantile import Quantile as Quantile
from heitler.preprocessing.relative import Relative as Relative
from heitler.preprocessing.transforms import ArcSinh as ArcSinh
from heitler.preprocessing.transforms import Features as Features
from heitler.preprocessing.transforms import LogCells as LogCells
from heitler.preprocessing.transforms import Power as Power
from heitler.preprocessing.transforms import Preprocessing as Preprocessing
from heitler.preprocessing.transforms import Response as Response
from heitler.preprocessing.transforms import Threshold as Threshold
from heitler.preprocessing.transforms import Transform as Transform
