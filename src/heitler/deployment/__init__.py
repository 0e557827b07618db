"""Putting a trained model to use: timing."""

from heitler.deployment.timing import Timing as Timing
from heitler.deployment.timing import time_simulator as time_simulator
