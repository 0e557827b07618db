"""GFLASH: the classical parameterisation of electromagnetic showers."""

from heitler.simulators.gflash.simulator import GflashSimulator as GflashSimulator
