"""heitler: fast simulation of calorimeter showers, trained, validated and timed."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("heitler")
