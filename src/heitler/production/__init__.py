"""Many showers by many workers: a Dask cluster of this machine, or any other.

Banks are trained the same way by `heitler.production.banks`, which needs Lightning.
"""

from heitler.production.produce import produce as produce
