"""Everything that turns incident particles into showers."""

from heitler.simulators.base import DivisibleSimulator as DivisibleSimulator
from heitler.simulators.base import MeteredSimulator as MeteredSimulator
from heitler.simulators.base import Simulator as Simulator
from heitler.simulators.base import SparseSimulator as SparseSimulator
from heitler.simulators.base import simulate_sparse as simulate_sparse
from heitler.simulators.blueprint import Blueprint as Blueprint
from heitler.simulators.blueprint import read_configuration as read_configuration
from heitler.simulators.blueprint import read_yaml as read_yaml
from heitler.simulators.card import ModelCard as ModelCard
from heitler.simulators.card import TrainingRange as TrainingRange
from heitler.simulators.generation import generate as generate
from heitler.simulators.gflash import GflashSimulator as GflashSimulator
from heitler.simulators.machine import machine as machine
from heitler.simulators.neural import HELD_OUT as HELD_OUT
from heitler.simulators.neural import PARTICLES as PARTICLES
from heitler.simulators.neural import NeuralSimulator as NeuralSimulator
from heitler.simulators.sources import BLOCK as BLOCK
from heitler.simulators.sources import ParticleGun as ParticleGun
from heitler.simulators.sources import ParticleList as ParticleList
from heitler.simulators.sources import ParticleSource as ParticleSource
from heitler.simulators.sources import block_seed as block_seed
