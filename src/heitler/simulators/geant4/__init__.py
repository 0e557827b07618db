"""Full simulation with Geant4, in child processes."""

from heitler.simulators.geant4.data import Geant4Data as Geant4Data
from heitler.simulators.geant4.data import MissingDataError as MissingDataError
from heitler.simulators.geant4.simulator import Geant4Simulator as Geant4Simulator
from heitler.simulators.geant4.simulator import shower_seeds as shower_seeds
