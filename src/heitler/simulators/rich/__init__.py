"""Ring-imaging Cherenkov detectors: from tracks to likelihoods of particle identification."""

from heitler.simulators.rich.radiators import LHCB as LHCB
from heitler.simulators.rich.radiators import Radiator as Radiator
from heitler.simulators.rich.simulator import RichSimulator as RichSimulator
